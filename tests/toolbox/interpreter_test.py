"""The code interpreter: contexts that keep their state, and what runs in
them, as it is streamed."""

import os
import struct
import unittest

from daemon import check_problem, wait_until
from interpreter import KEYS, PATH, Run, WithDaemon, processes
from websocket import WebSocket


class Executions(WithDaemon):
    def test_output_then_completion_then_the_close(self):
        run = self.run_code("import sys\nprint('out é')\n"
                            "print('err', file=sys.stderr)")
        self.assertEqual((run.out, run.err), ("out é\n", "err\n"))
        self.assertEqual(run.chunks[-1]["text"], "completed")
        self.assertEqual(run.closed, (1000, ""))
        for chunk in run.chunks:
            self.assertEqual(set(chunk), KEYS)
            self.assertTrue(all(isinstance(v, str) for v in chunk.values()))

    def test_state_stays_from_one_run_to_the_next(self):
        self.run_code("a = 20\ndef double(x):\n  return 2 * x")
        self.assertEqual(self.run_code("print(double(a + 1))").out, "42\n")

    def test_an_exception_is_an_error_with_the_code_s_own_frames(self):
        self.run_code("def deep(x):\n    return 1 / x")
        run = self.run_code("print('before')\n\ndeep(0)")
        self.assertEqual((run.out, run.control), ("before\n", "completed"))
        error = run.error
        self.assertEqual((error["name"], error["value"], error["text"]),
                         ("ZeroDivisionError", "division by zero", ""))
        self.assertEqual(
            [line.strip() for line in error["traceback"].splitlines()
             if "^" not in line],
            ["Traceback (most recent call last):",
             'File "<stdin>", line 3, in <module>', "deep(0)",
             'File "<stdin>", line 2, in deep', "return 1 / x",
             "ZeroDivisionError: division by zero"])
        self.assertEqual(run.closed, (1000, ""))

    def test_a_syntax_error_and_a_chain_of_exceptions(self):
        error = self.run_code("print('never')\nif:").error
        self.assertEqual(error["name"], "SyntaxError")
        self.assertIn('File "<stdin>", line 2', error["traceback"])
        error = self.run_code("try:\n  {}['k']\nexcept KeyError as e:\n"
                              "  raise ValueError('v') from e").error
        self.assertIn("KeyError: 'k'", error["traceback"])
        self.assertIn("direct cause", error["traceback"])
        self.assertNotIn("<string>", error["traceback"])

    def test_the_value_of_the_last_expression_is_a_result(self):
        run = self.run_code("x = 6\nx * 7")
        self.assertEqual((run.text("result"), run.out), ("42", ""))
        self.assertEqual(run.text("control"), "completed")
        self.assertEqual(self.run_code("x = 1").text("result"), "")
        self.assertEqual(self.run_code("print(1)").text("result"), "")
        run = self.run_code("class Page:\n  def _repr_html_(self):\n"
                            "    return '<b>ü</b>'\n"
                            "  def __repr__(self): return 'page'\nPage()")
        chunk = run.chunks[0]
        self.assertEqual((chunk["text"], chunk["data"]),
                         ("page", {"text/html": "<b>ü</b>"}))

    def test_exits_count_as_normal_ends(self):
        run = self.run_code("print('a')\nraise SystemExit(3)\nprint('b')")
        self.assertEqual((run.out, run.error, run.control),
                         ("a\n", None, "completed"))
        self.assertEqual(self.run_code("import sys; sys.exit('told')").err,
                         "told\n")

    def test_output_comes_while_the_code_runs(self):
        run = self.begin("import time\nprint('now')\n"
                         "print('part', end='', flush=True)\ntime.sleep(30)")
        while run.out != "now\npart":
            run.next()
        self.assertTrue(self.interrupt("default"))
        self.assertEqual(run.end().control, "interrupted")

    def interrupt(self, context):
        answer = self.daemon.post(f"{PATH}/context/{context}/interrupt")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["interrupted"]

    def test_what_children_write_is_neither_lost_nor_harmful(self):
        run = self.run_code(
            "import subprocess, os\nprint('first')\n"
            "subprocess.run('echo second; echo oops >&2; "
            "echo done', shell=True)\n"
            "os.write(1, b'ready\\ninterrupted\\n\\xff')\nos.system('echo z')")
        self.assertEqual(run.out,
                         "first\nsecond\ndone\nready\ninterrupted\n\ufffdz\n")
        self.assertEqual((run.err, run.control), ("oops\n", "completed"))

    def test_characters_cut_by_the_pipe_stay_whole(self):
        run = self.run_code("print('é' * 300000, end='')")
        self.assertEqual(run.out, "é" * 300000)

    def test_variables_are_for_one_run(self):
        code = "import os; print(os.environ.get('A'), os.environ.get('HOME'))"
        run = self.run_code(code, envs={"A": "1 \"ü\"", "HOME": "/x"})
        self.assertEqual(run.out, "1 \"ü\" /x\n")
        self.assertEqual(self.run_code(code).out, "None /nonexistent\n")

    def test_the_code_is_a_program_of_its_own(self):
        run = self.run_code(
            "import pickle, sys, os\nclass P: pass\n"
            "pickle.loads(pickle.dumps(P()))\n"
            "print(__name__, sys.argv, repr(sys.stdin.read()), os.getcwd())\n"
            "print(sorted(map(int, os.listdir('/proc/self/fd')))[:5])\n"
            "os.system('ls /proc/self/fd | wc -l')")
        self.assertEqual(run.out.splitlines()[0],
                         f"__main__ [''] '' {self.daemon.work}")
        # Its children have three, and ls one to look.
        self.assertEqual(run.out.splitlines()[2].strip(), "4", run.out)

    def test_a_fork_that_falls_out_of_the_code_ends(self):
        run = self.run_code("import os\npid = os.fork()\nif pid:\n"
                            "  os.waitpid(pid, 0)\nprint('one' if pid else 'two')")
        self.assertEqual(sorted(run.out.split()), ["one", "two"])
        self.assertEqual(self.run_code("print(3)").out, "3\n")

    def test_queued_runs_go_in_order(self):
        runs = [self.begin(f"import time; time.sleep(0.05); print({i})")
                for i in range(10)]
        self.assertEqual([one.end().out for one in runs],
                         [f"{i}\n" for i in range(10)])

    def test_pings_are_answered_while_it_waits_its_turn(self):
        first = self.begin("import time; time.sleep(30)")
        second = self.begin("print('second')")
        second.ws.send_frame(0x80 | WebSocket.PING, b"hello")
        self.assertEqual(second.ws.receive(), (WebSocket.PONG, b"hello"))
        self.interrupt("default")
        self.assertEqual(first.end().control, "interrupted")
        self.assertEqual(second.end().out, "second\n")

    def test_a_client_that_leaves_does_not_stop_the_code(self):
        path = self.daemon.work + "/left"
        run = self.begin("print('x')\nimport time; time.sleep(0.3)\n"
                         "for i in range(3000): print('y' * 1000)\n"
                         f"open({path!r}, 'w').close()")
        run.next()
        run.ws.sock.close()
        self.assertTrue(wait_until(lambda: os.path.exists(path)))

    def test_the_version_is_echoed_as_the_subprotocol(self):
        offered = "X-Daytona-SDK-Version~0.190.0"
        run = Run(self.daemon, "1", [offered]).end()
        self.assertEqual(run.ws.protocol, offered)

    def test_a_binary_message_does_as_well(self):
        with WebSocket(self.daemon, f"{PATH}/execute") as ws:
            ws.send_binary(b'{"code":"print(1)"}')
            self.assertIn(b'"stdout","text":"1\\n"', ws.all())


class Refusals(WithDaemon):
    def test_bad_first_messages_close_with_a_code(self):
        for message, code, reason in (
                ("{", 1002, "invalid JSON payload"),
                ("[]", 1002, "invalid JSON payload"),
                ("{}", 1008, "code is required"),
                ('{"code":""}', 1008, "code is required"),
                ('{"code":1}', 1008, "'code' must be a string"),
                ('{"code":"1","timeout":-1}', 1008,
                 "timeout must be greater than or equal to 0"),
                ('{"code":"1","timeout":"x"}', 1008, "'timeout'"),
                ('{"code":"1","envs":{"1":"x"}}', 1008,
                 "invalid environment variable name: '1'"),
                ('{"code":"1","contextId":"nosuch"}', 1008,
                 "context not found: nosuch"),
                ('{"code":"%s"}' % ("x" * (1 << 20) + "y"), 1008, "1 MiB")):
            with self.subTest(message=message[:40]):
                with WebSocket(self.daemon, f"{PATH}/execute") as ws:
                    ws.send_text(message)
                    self.assertEqual(ws.all(), b"")
                    self.assertEqual(ws.close_code, code)
                    self.assertIn(reason, ws.close_reason)
        with WebSocket(self.daemon, f"{PATH}/execute") as ws:
            ws.sock.sendall(b"\x81\xff" + struct.pack(">Q", 5 << 20) + b"mask")
            ws.all()
            self.assertEqual(ws.close_code, 1009)

    def test_without_an_upgrade(self):
        check_problem(self, self.daemon.get(f"{PATH}/execute"), 400,
                      "BAD_REQUEST", "WebSocket upgrade")

    def test_bad_contexts(self):
        path = f"{PATH}/context"
        for body, code in (("", "BAD_REQUEST"), ("[]", "BAD_REQUEST"),
                           ('{"cwd":1}', "BAD_REQUEST"),
                           ('{"language":"cobol"}', "BAD_REQUEST")):
            check_problem(self, self.daemon.post(path, body), 400, code)
        answer = self.daemon.post(path, {"cwd": "/no/such"})
        check_problem(self, answer, 500, "INTERNAL_SERVER_ERROR",
                      "chdir /no/such: no such file or directory")
        check_problem(self, self.daemon.delete(f"{path}/default"), 400,
                      "BAD_REQUEST", "default context cannot be deleted")
        for answer in (self.daemon.delete(f"{path}/nosuch"),
                       self.daemon.post(f"{path}/nosuch/interrupt")):
            check_problem(self, answer, 404, "NOT_FOUND", "nosuch")
        check_problem(self, self.daemon.call("PUT", path), 404, "NOT_FOUND")
        self.assertEqual(self.daemon.get(path).json, {"contexts": []})


def children(pid):
    """How many it has, ended ones not yet collected among them."""
    with open(f"/proc/{pid}/task/{pid}/children") as text:
        return len(text.read().split())


class Contexts(WithDaemon):
    def test_create_list_and_delete(self):
        os.makedirs(self.daemon.work + "/sub", exist_ok=True)
        one = self.context(cwd="sub", language="python")
        self.assertRegex(one["createdAt"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual((one["cwd"], one["active"], one["language"]),
                         (self.daemon.work + "/sub", True, "python"))
        two = self.context()
        self.assertEqual(two["cwd"], self.daemon.work)
        path = f"{PATH}/context"
        self.run_code("1")  # the default one shows in no list
        self.assertEqual([c["id"] for c in self.daemon.get(path).json
                          ["contexts"]], [one["id"], two["id"]])
        gone = self.daemon.delete(f"{path}/{one['id']}")
        self.assertEqual((gone.status, gone.json),
                         (200, {"message": "Context deleted successfully"}))
        self.assertEqual(self.daemon.delete(f"{path}/{one['id']}").status, 404)

    def test_each_has_its_own_state_and_folder(self):
        os.makedirs(self.daemon.work + "/own", exist_ok=True)
        one, two = self.context(cwd="own")["id"], self.context()["id"]
        self.run_code("x = 1; import os; os.environ['B'] = 'b'", contextId=one)
        error = self.run_code("x", contextId=two).error
        self.assertEqual(error["name"], "NameError")
        run = self.run_code("import os; print(x, os.getcwd(), os.environ['B'])",
                            contextId=one)
        self.assertEqual(run.out, f"1 {self.daemon.work}/own b\n")
        self.assertEqual(self.run_code("x").error["name"], "NameError")

    def test_they_run_beside_each_other(self):
        one = self.context()["id"]
        slow = self.begin("import time; time.sleep(30)")
        self.assertEqual(self.run_code("print(1)", contextId=one).out, "1\n")
        self.daemon.post(f"{PATH}/context/default/interrupt")
        slow.end()

    def test_deleting_one_ends_its_whole_tree_and_its_runs(self):
        one = self.context()["id"]
        run = self.begin(
            "import subprocess as s\ns.Popen(['sleep', '971.5'])\n"
            "s.run('(setsid sleep 972.5 &) ; trap \"\" TERM; setsid sh -c "
            "\"trap : TERM; sleep 973.5; sleep 974.5\" & ', shell=True)\n"
            "print('up')\nimport time; time.sleep(60)", contextId=one)
        while run.out != "up\n":
            run.next()
        waiting = self.begin("print('never')", contextId=one)
        # The answer says that what was sent before it has been read.
        waiting.ws.send_frame(0x80 | WebSocket.PING)
        self.assertEqual(waiting.ws.receive(), (WebSocket.PONG, b""))
        self.assertTrue(wait_until(lambda: processes("972.5")))
        self.assertEqual(
            self.daemon.delete(f"{PATH}/context/{one}").status, 200)
        for word in ("971.5", "972.5", "973.5", "974.5"):
            self.assertTrue(wait_until(lambda w=word: not processes(w)), word)
        for stopped in (run.end(), waiting.end()):
            self.assertEqual(stopped.closed, (1011, "the context was deleted"))

    def test_orphans_leave_no_zombies(self):
        one = self.context()["id"]
        self.run_code("import os\nfor _ in range(20):\n"
                      "  os.system('(sleep 0.01 &)')", contextId=one)
        run = self.run_code(
            "print(os.getppid())", contextId=one)
        self.assertTrue(wait_until(lambda: children(int(run.out)) == 1))

    def test_there_is_a_limit(self):
        path = f"{PATH}/context"
        made = []
        while len(made) <= 40:
            answer = self.daemon.post(path, {})
            if answer.status != 200:
                break
            made.append(answer.json["id"])
            self.addCleanup(self.daemon.delete, f"{path}/{made[-1]}")
        check_problem(self, answer, 503, "SERVICE_UNAVAILABLE", "too many")
        self.assertEqual(len(made), 32)


if __name__ == "__main__":
    unittest.main()
