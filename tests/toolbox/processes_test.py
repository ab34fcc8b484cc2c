"""The list of what callers have started, and how they get back to it."""

import threading
import unittest

from daemon import Daemon, check_problem, wait_until
from interpreter import Run
from sessions import Session

PATH = "/process/command"


class Processes(unittest.TestCase):
    def setUp(self):
        self.daemon = self.enterContext(Daemon(
            {"imageEnv": ["PATH=/usr/local/bin:/usr/bin:/bin"]}))

    def begin(self, command, **more):
        """Its id, and the thread that waits for its answer."""
        before = {one["id"] for one in self.listed("command")}
        thread = threading.Thread(target=self.daemon.post, args=(
            "/process/execute", {"command": command, **more}))
        thread.start()
        self.addCleanup(thread.join)
        self.assertTrue(wait_until(lambda: self.new_ones(before)))
        return self.new_ones(before)[0]

    def new_ones(self, before):
        return [one["id"] for one in self.listed("command")
                if one["id"] not in before and one["pid"] > 0]

    def listed(self, kind=None):
        answer = self.daemon.get("/process")
        self.assertEqual(answer.status, 200, answer.text)
        return [one for one in answer.json["processes"]
                if kind in (None, one["kind"])]

    def left(self, command):
        """One whose caller has gone away; its id."""
        connection = self.daemon.connection()
        connection.request("POST", "/process/execute",
                           '{"command":"%s"}' % command)
        self.assertTrue(wait_until(lambda: self.new_ones(())))
        connection.close()
        return self.new_ones(())[0]

    def test_everything_that_was_started_is_listed(self):
        self.assertEqual(self.listed(), [])
        command = self.begin("echo x; sleep 30")
        self.addCleanup(self.daemon.delete, f"{PATH}/{command}")
        Session(self.daemon, "mine")
        self.daemon.post("/process/pty", {"id": "term"})
        Run(self.daemon, "1").end()
        told = {one["kind"]: one for one in self.listed()}
        self.assertEqual(
            [(kind, one["id"], one["running"], one["attach"])
             for kind, one in told.items()],
            [("command", command, True, f"{PATH}/{command}/result"),
             ("session", "mine", True, "/process/session/mine"),
             ("pty", "term", True, "/process/pty/term/connect"),
             ("interpreter", "default", False,
              "/process/interpreter/execute")])
        for one in told.values():
            with open(f"/proc/{one['pid']}/status") as status:
                self.assertIn(f"PPid:\t{self.daemon.pid}\n", status.read())
        one = told["command"]
        self.assertEqual((one["command"], one["cwd"]),
                         ("echo x; sleep 30", self.daemon.work))
        self.assertRegex(one["startedAt"], r"^\d{4}-\d\d-\d\dT")

    def test_a_lost_answer_is_had_again(self):
        command = self.left("echo one; sleep 0.5; echo two; exit 7")
        result = self.daemon.get(f"{PATH}/{command}/result")
        self.assertEqual((result.status, result.json),
                         (200, {"exitCode": 7, "result": "one\ntwo\n"}))
        shown = self.daemon.get(f"{PATH}/{command}").json
        self.assertEqual((shown["running"], shown["exitCode"],
                          shown["outputBytes"]), (False, 7, 8))
        again = self.daemon.get(f"{PATH}/{command}/result")
        self.assertEqual(again.json, result.json)

    def test_code_runs_and_timeouts_are_commands_too(self):
        self.daemon.code_run("python", "print(5)")
        self.daemon.post("/process/execute",
                         {"command": "echo a; sleep 30", "timeout": 1})
        code, timed_out = self.listed("command")
        self.assertEqual((code["language"], code["command"]),
                         ("python", "print(5)"))
        self.assertTrue(timed_out["timedOut"])
        result = self.daemon.get(f"{PATH}/{timed_out['id']}/result")
        body = check_problem(self, result, 408, "PROCESS_EXECUTION_TIMEOUT")
        self.assertEqual(body["output"], "a\n")

    def test_output_is_followed_from_any_byte(self):
        go = self.daemon.work + "/go"
        command = self.left(f"echo first; until test -e {go}; do sleep 0.05; "
                            "done; echo second")
        connection = self.daemon.connection()
        connection.request("GET", f"{PATH}/{command}/output?follow=true")
        answer = connection.getresponse()
        self.assertEqual(answer.read(6), b"first\n")
        part = self.daemon.get(f"{PATH}/{command}/output", offset=2)
        self.assertEqual(part.text, "rst\n")
        self.daemon.output(f"touch {go}")
        self.assertEqual(answer.read(), b"second\n")
        connection.close()
        whole = self.daemon.get(f"{PATH}/{command}/output", offset=99)
        self.assertEqual(whole.body, b"")

    def test_a_large_output_comes_back_whole(self):
        self.daemon.execute("seq 1 300000")
        command = self.listed("command")[0]["id"]
        whole = self.daemon.get(f"{PATH}/{command}/output")
        self.assertEqual(whole.text,
                         "".join(f"{i}\n" for i in range(1, 300001)))

    def test_one_can_be_ended_with_all_its_processes(self):
        command = self.begin("trap '' TERM; sleep 931.5 & sleep 932.5")
        self.assertEqual(
            self.daemon.delete(f"{PATH}/{command}").status, 204)
        self.assertEqual(self.daemon.execute(
            "pgrep -f '^sleep 93[12].5'")["result"], "")
        shown = self.daemon.get(f"{PATH}/{command}").json
        self.assertFalse(shown["running"])
        check_problem(self, self.daemon.delete(f"{PATH}/{command}"), 410,
                      "COMMAND_ALREADY_COMPLETED")

    def test_only_so_many_are_kept(self):
        for size in (3_000_000, 3_000_000):
            self.daemon.execute(f"head -c {size} /dev/zero | tr '\\0' a")
        first, second = self.listed("command")
        gone = self.daemon.get(f"{PATH}/{first['id']}/result")
        check_problem(self, gone, 410, "GONE", "dropped")
        kept = self.daemon.get(f"{PATH}/{second['id']}/output")
        self.assertEqual(len(kept.body), 3_000_000)
        for _ in range(105):
            self.daemon.execute("true")
        listed = self.listed("command")
        self.assertEqual(len(listed), 100)
        self.assertNotIn(first["id"], [one["id"] for one in listed])

    def test_unknown_ones(self):
        for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/result"),
                             ("GET", "/output")):
            answer = self.daemon.call(method, f"{PATH}/nosuch{tail}")
            check_problem(self, answer, 404, "NOT_FOUND", "nosuch")
        for method, path in (("POST", f"{PATH}/x"), ("GET", f"{PATH}/x/y"),
                             ("DELETE", f"{PATH}/x/output"), ("GET", PATH)):
            check_problem(self, self.daemon.call(method, path), 404,
                          "NOT_FOUND", "page not found")


if __name__ == "__main__":
    unittest.main()
