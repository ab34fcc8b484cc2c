"""POST /process/execute and /process/code-run."""

import os
import stat
import time
import unittest

from daemon import Daemon, check_problem, wait_until


class Execute(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon(
            {"env": {"GREETING": "hi \"there\"\n"}, "imageEnv":
             ["PATH=/usr/local/bin:/usr/bin:/bin", "FROM_IMAGE=yes"]}))

    def run_text(self, text, **more):
        return self.daemon.execute(text, **more)

    def test_output_of_both_streams_in_order_and_untrimmed(self):
        done = self.run_text("echo out; echo err >&2; printf '\\n  end'")
        self.assertEqual(done, {"exitCode": 0,
                                "result": "out\nerr\n\n  end"})

    def test_exit_codes_are_the_shell_s(self):
        for code in (0, 1, 3, 127, 255):
            self.assertEqual(self.run_text(f"exit {code}")["exitCode"], code)
        self.assertEqual(self.run_text("false")["exitCode"], 1)
        self.assertEqual(self.run_text("true; nosuchprogram")["exitCode"], 127)

    def test_a_signal_to_the_shell_is_minus_one_to_a_child_128_plus(self):
        self.assertEqual(self.run_text("kill -9 $$")["exitCode"], -1)
        self.assertEqual(self.run_text("sh -c 'kill -9 $$'")["exitCode"], 137)
        self.assertEqual(self.run_text("sh -c 'kill -11 $$'; exit $?")
                         ["exitCode"], 139)

    def test_stdin_is_empty_and_never_the_script(self):
        self.assertEqual(self.run_text("cat\necho after")["result"], "after\n")
        self.assertEqual(self.run_text("read x; echo \"[$x]\"")["result"],
                         "[]\n")

    def test_a_command_has_three_descriptors(self):
        names = self.daemon.output("ls /proc/self/fd").split()
        # The fourth is ls looking.
        self.assertEqual(names, ["0", "1", "2", "3"])
        self.assertEqual(
            self.daemon.output("readlink /proc/self/fd/0").strip(),
            "/dev/null")

    def test_the_text_is_in_no_process_list(self):
        done = self.run_text("cat /proc/$$/cmdline | tr '\\0' ' ' # marker-q")
        self.assertNotIn("marker-q", done["result"])

    def test_a_command_of_one_mebibyte(self):
        filler = ": " + "x" * 1000 + "\n"
        text = filler * (1024 * 1024 // len(filler) - 1) + "echo whole; exit 7"
        text += " " * (1024 * 1024 - len(text))
        self.assertEqual(len(text), 1024 * 1024)
        self.assertEqual(self.run_text(text), {"exitCode": 7,
                                               "result": "whole\n"})
        over = self.daemon.post("/process/execute", {"command": text + "x"})
        check_problem(self, over, 413, "REQUEST_TOO_LARGE", "1 MiB")

    def test_one_line_of_one_mebibyte(self):
        text = "echo " + "y" * 1_000_000 + " | wc -c"
        self.assertEqual(self.run_text(text)["result"].strip(), "1000001")

    def test_cwd(self):
        self.assertEqual(self.daemon.output("pwd").strip(), self.daemon.work)
        self.assertEqual(self.daemon.output("pwd", cwd="/usr").strip(), "/usr")
        os.mkdir(self.daemon.work + "/sub")
        self.assertEqual(self.daemon.output("pwd", cwd="sub").strip(),
                         self.daemon.work + "/sub")

    def test_a_cwd_that_is_missing_is_told_as_the_result(self):
        self.assertEqual(self.run_text("pwd", cwd="/no/such"), {
            "exitCode": -1,
            "result": "chdir /no/such: no such file or directory"})

    def test_environment(self):
        self.assertEqual(self.daemon.output('printf %s "$GREETING"'),
                         "hi \"there\"\n")
        told = self.daemon.output("env").splitlines()
        for line in ("FROM_IMAGE=yes", "DAYTONA_SANDBOX_ID=box-1",
                     "DAYTONA_SANDBOX_USER=nobody", "USER=nobody",
                     "HOME=/nonexistent"):
            self.assertIn(line, told)
        self.assertEqual(
            self.daemon.output("echo $GREETING-$NEW",
                               envs={"GREETING": "a", "NEW": "b c"}),
            "a-b c\n")

    def test_values_of_env_are_not_where_others_look(self):
        for place in ("environ", "cmdline"):
            with open(f"/proc/{self.daemon.pid}/{place}", "rb") as text:
                self.assertNotIn(b"there", text.read())

    def test_runs_as_the_user_with_nothing_special(self):
        told = self.daemon.output("id -u; id -g; id -G; grep -E "
                                  "'NoNewPrivs|CapEff|CapPrm' /proc/self/status")
        self.assertEqual(told.split(), [
            "65534", "65534", "65534", "CapPrm:", "0" * 16, "CapEff:",
            "0" * 16, "NoNewPrivs:", "0"])

    def test_a_set_user_id_program_still_works(self):
        # As sudo does.
        path = self.daemon.folder + "/rootsh"
        with open("/bin/dash", "rb") as source, open(path, "wb") as target:
            target.write(source.read())
        os.chmod(path, 0o4755)
        self.assertTrue(os.stat(path).st_mode & stat.S_ISUID)
        self.assertEqual(self.daemon.output(f"{path} -p -c 'id -u'").strip(),
                         "0")

    def test_timeout_kills_the_group_and_answers_408(self):
        start = time.monotonic()
        answer = self.daemon.post("/process/execute", {
            "command": "echo before; sleep 61.5; echo never", "timeout": 1})
        body = check_problem(
            self, answer, 408, "PROCESS_EXECUTION_TIMEOUT")
        self.assertEqual(body["message"],
                         "request timeout: command execution timeout")
        self.assertEqual(body["output"], "before\n")
        self.assertLess(time.monotonic() - start, 3)
        self.assertEqual(self.daemon.output(
            "pgrep -f '^sleep 61.5' || true"), "")

    def test_timeouts_in_the_forms_clients_send(self):
        for value in (10, 10.0, 0, None):
            self.assertEqual(self.run_text("echo ok", timeout=value)["result"],
                             "ok\n")
        for value in (-1, 1.5, "10", True, []):
            answer = self.daemon.post("/process/execute", {
                "command": "true", "timeout": value})
            check_problem(self, answer, 400, "BAD_REQUEST", "timeout")

    def test_a_background_child_does_not_hold_the_answer(self):
        start = time.monotonic()
        done = self.run_text(
            "(sleep 1; echo late; echo survived > bg.txt) & echo now")
        self.assertEqual(done, {"exitCode": 0, "result": "now\n"})
        self.assertLess(time.monotonic() - start, 0.8)
        # And it is not killed by the pipe it still writes to.
        self.assertTrue(wait_until(
            lambda: os.path.exists(self.daemon.work + "/bg.txt")))

    def test_output_of_a_short_background_child_is_not_lost(self):
        done = self.run_text("(sleep 0.05; echo soon) & echo now")
        self.assertEqual(done["result"], "now\nsoon\n")

    def test_output_beyond_the_cap_is_cut_and_marked(self):
        done = self.run_text("head -c 20000000 /dev/zero | tr '\\0' a; exit 4")
        self.assertEqual(done["exitCode"], 4)
        self.assertEqual(len(done["result"]), 16 * 1024 * 1024)
        self.assertIs(done["truncated"], True)
        self.assertEqual(done["outputBytes"], 20_000_000)
        self.assertNotIn("truncated", self.run_text("echo short"))

    def test_output_that_is_not_text(self):
        done = self.run_text("printf 'a\\377b\\0\\001\\303\\251\\303'")
        self.assertEqual(done["result"], "a\ufffdb\0\x01é\ufffd")

    def test_characters_cut_by_the_pipe_stay_whole(self):
        done = self.run_text("python3 -c \"print('é' * 300000, end='')\"")
        self.assertEqual(done["result"], "é" * 300000)

    def test_bad_bodies(self):
        post = self.daemon.post
        cases = [("", "BAD_REQUEST", "invalid request body"),
                 ("{", "BAD_REQUEST", "invalid request body"),
                 ("[]", "BAD_REQUEST", "not a JSON object"),
                 ('{"command":1}', "BAD_REQUEST", "'command'"),
                 ("{}", "BAD_REQUEST",
                  "command cannot be empty or whitespace-only"),
                 ('{"command":" \\n\\t"}', "BAD_REQUEST", "whitespace-only"),
                 ('{"command":"a\\u0000b"}', "BAD_REQUEST", "NUL"),
                 ('{"command":"a","cwd":7}', "BAD_REQUEST", "'cwd'"),
                 ('{"command":"a","envs":{"A":1}}', "BAD_REQUEST", "'envs'"),
                 ('{"command":"a","envs":[]}', "BAD_REQUEST", "'envs'"),
                 ('{"command":"a","envs":{"1A":"x"}}', "BAD_REQUEST",
                  "bad request: invalid environment variable name: '1A'")]
        for body, code, needle in cases:
            with self.subTest(body=body):
                check_problem(self, post("/process/execute", body), 400, code,
                              needle)
        deep = '{"command":' + "[" * 5000 + "]" * 5000 + "}"
        check_problem(self, post("/process/execute", deep), 400, "BAD_REQUEST")
        large = post("/process/execute", "x" * (9 << 20))
        check_problem(self, large, 413, "REQUEST_TOO_LARGE")
        extra = post("/process/execute",
                     {"command": "echo ok", "unknown": {"a": [1]}})
        self.assertEqual(extra.json["result"], "ok\n")

    def test_many_at_once_take_the_time_of_one(self):
        connections = [self.daemon.connection() for _ in range(200)]
        start = time.monotonic()
        for one in connections:
            one.request("POST", "/process/execute",
                        '{"command":"sleep 1; echo done"}')
        self.assertEqual(self.daemon.get("/version").status, 200)
        for one in connections:
            self.assertEqual(one.getresponse().read(),
                             b'{"exitCode":0,"result":"done\\n"}')
            one.close()
        self.assertLess(time.monotonic() - start, 15)

    def test_a_client_that_leaves_does_not_stop_its_command(self):
        connection = self.daemon.connection()
        connection.request("POST", "/process/execute",
                           '{"command":"sleep 0.3; echo x > left.txt"}')
        connection.close()
        self.assertTrue(wait_until(
            lambda: os.path.exists(self.daemon.work + "/left.txt")))


class CodeRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tools = cls.enterClassContext(Tools())
        cls.daemon = cls.enterClassContext(Daemon(
            {"env": {"PATH": f"{cls.tools.folder}:/usr/bin:/bin"}}))

    def test_python(self):
        code = ("import sys, os\nprint(sys.argv[1:], os.environ['A'])\n"
                "print(repr(sys.stdin.read()))\nsys.exit(5)")
        done = self.daemon.code_run("python", code, argv=["a b", "$HOME", ""],
                                    envs={"A": "1"})
        self.assertEqual(done, {
            "exitCode": 5, "result": "['a b', '$HOME', ''] 1\n''\n"})

    def test_a_python_traceback_is_the_result(self):
        done = self.daemon.code_run("python", "x = 1\nraise ValueError('no')")
        self.assertEqual(done["exitCode"], 1)
        self.assertIn("ValueError: no", done["result"])
        self.assertIn("line 2", done["result"])

    def test_python_code_longer_than_an_argument_may_be(self):
        code = "x = 0\n" + "x += 1\n" * 100_000 + "print(x)"
        self.assertEqual(self.daemon.code_run("python", code)["result"],
                         "100000\n")

    def test_javascript(self):
        code = "console.log(process.argv.slice(1)); process.exit(3)"
        done = self.daemon.code_run("javascript", code, argv=["a b", "c"])
        self.assertEqual(done, {"exitCode": 3, "result": "[ 'a b', 'c' ]\n"})

    def test_typescript_gets_a_file_that_is_removed(self):
        done = self.daemon.code_run("typescript", "let x: number = 1", argv=["q"])
        name = done["result"].splitlines()[0]
        self.assertRegex(name, r"^/tmp/dtn_[-0-9a-f]+\.ts$")
        self.assertIn("let x: number = 1", done["result"])
        self.assertIn("argument q", done["result"])
        self.assertEqual(done["exitCode"], 6)
        self.assertTrue(wait_until(lambda: not os.path.exists(name)))

    def test_a_typescript_file_goes_after_a_timeout_too(self):
        before = set(os.listdir("/tmp"))
        answer = self.daemon.post("/process/code-run", {
            "language": "typescript", "code": "slow", "timeout": 1})
        check_problem(self, answer, 408, "PROCESS_EXECUTION_TIMEOUT")
        self.assertTrue(wait_until(
            lambda: not [n for n in set(os.listdir("/tmp")) - before
                         if n.startswith("dtn_")]))

    def test_what_is_missing_is_named(self):
        for language, tool in (("python", "python3"), ("javascript", "node"),
                               ("typescript", "node")):
            done = self.daemon.code_run(language, "1", envs={"PATH": "/none"})
            self.assertEqual(done["exitCode"], 127)
            self.assertIn(f"this image has no {tool}", done["result"])

    def test_bad_bodies(self):
        cases = [({"language": "python"}, "INVALID_REQUEST_BODY", "'code'"),
                 ({"code": "1"}, "INVALID_REQUEST_BODY", "'language'"),
                 ({"code": "1", "language": ""}, "INVALID_REQUEST_BODY",
                  "'language'"),
                 ({"code": "1", "language": "cobol"}, "BAD_REQUEST",
                  "bad request: unsupported language: cobol"),
                 ({"code": "1", "language": "python", "argv": "x"},
                  "BAD_REQUEST", "'argv'")]
        for body, code, needle in cases:
            with self.subTest(body=body):
                answer = self.daemon.post("/process/code-run", body)
                check_problem(self, answer, 400, code, needle)

    def test_timeout(self):
        answer = self.daemon.post("/process/code-run", {
            "language": "python", "code": "import time; time.sleep(60)",
            "timeout": 1})
        check_problem(self, answer, 408, "PROCESS_EXECUTION_TIMEOUT")


class Tools:
    """A ts-node that shows how it was called, ahead in PATH."""

    SCRIPT = """#!/bin/sh
for last; do previous=$file; file=$now; now=$last; done
case $now in *.ts) file=$now;; esac
grep -q slow "$file" && sleep 60
echo "$file"; cat "$file"; echo; echo "argument $now"
exit 6
"""

    def __enter__(self):
        import tempfile
        self.holder = tempfile.TemporaryDirectory(prefix="varve-toolbox-test-")
        self.folder = self.holder.name
        os.chmod(self.folder, 0o755)
        path = self.folder + "/ts-node"
        with open(path, "w") as script:
            script.write(self.SCRIPT)
        os.chmod(path, 0o755)
        return self

    def __exit__(self, *_):
        self.holder.cleanup()


if __name__ == "__main__":
    unittest.main()
