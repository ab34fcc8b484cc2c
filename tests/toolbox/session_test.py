"""Sessions: shells that live on, and their commands."""

import json
import os
import threading
import time
import unittest

from daemon import Daemon, check_problem, wait_until
from sessions import OUT, Session, WithDaemon


class Life(WithDaemon):
    def test_create_get_list_and_delete(self):
        one = self.session()
        again = self.daemon.post("/process/session", {"sessionId": one.name})
        check_problem(self, again, 409, "CONFLICT",
                      "conflict: session already exists")
        shown = {"sessionId": one.name, "commands": []}
        path = f"/process/session/{one.name}"
        self.assertEqual(self.daemon.get(path).json, shown)
        self.assertIn(shown, self.daemon.get("/process/session").json)
        done = one.run("true")
        shown["commands"] = [{"id": done["cmdId"], "command": "true",
                              "exitCode": 0}]
        self.assertEqual(self.daemon.get(path).json, shown)
        gone = one.delete()
        self.assertEqual((gone.status, gone.body), (204, b""))
        for answer in (one.delete(), self.daemon.get(path), one.post("true"),
                       one.logs(done["cmdId"])):
            check_problem(self, answer, 404, "NOT_FOUND",
                          "not found: session not found")

    def test_bad_bodies_and_reserved_names(self):
        for body in ({}, {"sessionId": ""}, {"sessionId": 1}, [], "x"):
            answer = self.daemon.post("/process/session", json.dumps(body))
            self.assertEqual(answer.status, 400, answer.text)
        for name in ("entrypoint", "a/b", "x" * 257):
            answer = self.daemon.post("/process/session", {"sessionId": name})
            check_problem(self, answer, 400, "BAD_REQUEST")
        one = self.session()
        for command in ("", " \n", None):
            check_problem(self, one.post(command), 400,
                          "INVALID_REQUEST_BODY")
        check_problem(self, one.post("x" * (1 << 20) + "y"), 413,
                      "REQUEST_TOO_LARGE")
        check_problem(self, self.daemon.post(
            "/process/session/entrypoint/exec", {"command": "id"}), 400,
            "BAD_REQUEST")
        check_problem(self, self.daemon.delete("/process/session/entrypoint"),
                      400, "BAD_REQUEST")
        for method, tail in (("PUT", ""), ("GET", "/exec"), ("GET", "/logs"),
                             ("POST", "/command/x/logs"), ("GET", "/x/y/z")):
            check_problem(self, self.daemon.call(
                method, f"/process/session/{one.name}{tail}"), 404,
                "NOT_FOUND", "404 page not found")

    def test_delete_ends_the_whole_tree(self):
        one = self.session()
        one.begin("trap '' TERM; sleep 971.5 & "
                  "setsid sh -c 'trap \"\" TERM; sleep 972.5; sleep 973.5' & "
                  "(setsid sleep 974.5 &) ; wait")
        self.assertTrue(wait_until(lambda: len(self.sleepers()) == 3))
        start = time.monotonic()
        self.assertEqual(one.delete().status, 204)
        self.assertEqual(self.sleepers(), [])
        self.assertLess(time.monotonic() - start, 9)

    def sleepers(self):
        out = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as text:
                    words = text.read().split(b"\0")
            except OSError:
                continue
            if words[0] == b"sleep" and words[1][:2] == b"97":
                out.append(words[1])
        return out

    def test_a_waiting_caller_is_answered_when_the_session_is_deleted(self):
        one = self.session()
        answers = []
        caller = threading.Thread(
            target=lambda: answers.append(one.post("echo on; sleep 975.5")))
        caller.start()
        self.assertTrue(wait_until(lambda: self.daemon.get(
            f"/process/session/{one.name}").json["commands"]))
        self.assertEqual(one.delete().status, 204)
        caller.join(20)
        self.assertEqual(answers[0].status, 200)
        self.assertNotEqual(answers[0].json["exitCode"], 0)

    def test_sessions_are_bounded_and_ended_ones_make_room(self):
        with Daemon() as daemon:
            for number in range(64):
                Session(daemon, f"s{number}")
            answer = daemon.post("/process/session", {"sessionId": "more"})
            check_problem(self, answer, 503, "SERVICE_UNAVAILABLE")
            daemon.post("/process/session/s7/exec", {"command": "exit 0"})
            Session(daemon, "more")
            self.assertEqual(daemon.get("/process/session/s7").status, 404)


class Commands(WithDaemon):
    def test_state_persists_and_streams_are_apart(self):
        one = self.session()
        done = one.run("cd /usr; export A='b c'; f() { echo f$1; }; X=1")
        self.assertEqual((done["output"], done["stdout"], done["stderr"],
                          done["exitCode"]), ("", "", "", 0))
        done = one.run("pwd; echo $A $X; f 2; echo bad >&2; false")
        self.assertEqual(done["stdout"], "/usr\nb c 1\nf2\n")
        self.assertEqual(done["stderr"], "bad\n")
        self.assertEqual(sorted(done["output"]),
                         sorted("/usr\nb c 1\nf2\nbad\n"))
        self.assertEqual(done["exitCode"], 1)

    def test_a_session_begins_in_the_work_directory_or_of_old_at_home(self):
        self.assertEqual(self.session().run("pwd")["stdout"].strip(),
                         self.daemon.work)
        with Daemon({"env": {"HOME": "/usr"}}) as daemon:
            old = Session(daemon, "old", {"X-Daytona-SDK-Version": "0.102.9"})
            self.assertEqual(old.run("pwd")["output"], OUT.decode()
                             + "/usr\n")

    def test_any_text_is_a_command(self):
        one = self.session()
        for text, out in (("echo \"it's\" 'a \"b\"' \\\\", "it's a \"b\" \\\n"),
                          ("cat <<E\n'$((1+1))'\nE", "'2'\n"),
                          ("echo a # comment", "a\n"),
                          ("for i in 1 2\ndo\necho $i\ndone", "1\n2\n"),
                          (": " + "x" * 300_000 + "\necho long", "long\n"),
                          ("printf 'no end'", "no end"),
                          ("echo \u00fcn\u00ef\u2713", "\u00fcn\u00ef\u2713\n")):
            self.assertEqual(one.run(text)["stdout"], out)

    def test_exit_codes(self):
        one = self.session()
        for text, code in (("true", 0), ("(exit 3)", 3), ("nosuchprogram", 127),
                           ("sh -c 'kill -9 $$'", 137)):
            self.assertEqual(one.run(text)["exitCode"], code)

    def test_a_syntax_error_is_that_command_s_and_the_session_goes_on(self):
        one = self.session()
        one.run("A=kept")
        for text in ("if then", "echo 'open", "echo $(", ")"):
            done = one.run(text)
            self.assertNotEqual(done["exitCode"], 0)
            self.assertNotEqual(done["stderr"], "")
        self.assertEqual(one.run("echo $A")["stdout"], "kept\n")

    def test_exit_ends_the_session_and_hangs_nobody(self):
        for number, (text, code) in enumerate((
                ("echo last; exit 7", 7), ("set -e; false; echo no", 1),
                ("kill -9 $$", 137), ("exec sh -c 'exit 9'", 9))):
            one = Session(self.daemon, f"exit{number}")
            done = one.run(text)
            self.assertEqual(done["exitCode"], code)
            self.assertNotIn("no", done["stdout"])
            check_problem(self, one.post("true"), 410, "SESSION_ENDED",
                          "gone: session process has exited")
            # What it did is kept.
            self.assertEqual(one.command(done["cmdId"])["exitCode"], code)
            self.assertEqual(one.logs(done["cmdId"]).json["stdout"],
                             done["stdout"])
            self.assertEqual(one.delete().status, 204)

    def test_commands_behind_an_exit_are_told_that_they_never_ran(self):
        one = self.session()
        one.begin("sleep 0.3; exit 2")
        done = one.run("echo never")
        self.assertEqual((done["exitCode"], done["stdout"]), (-1, ""))
        self.assertIn("ended before", done["stderr"])

    def test_async_commands_run_in_order(self):
        one = self.session()
        ids = [one.begin(f"sleep 0.1; echo {n} >> order; echo {n}")
               for n in range(5)]
        self.assertEqual(len(set(ids)), 5)
        self.assertEqual(one.command(ids[4]),
                         {"id": ids[4], "command": "sleep 0.1; echo 4 >> order"
                          "; echo 4"})
        self.assertEqual(one.run("cat order")["stdout"], "0\n1\n2\n3\n4\n")
        for number, name in enumerate(ids):
            self.assertEqual(one.command(name)["exitCode"], 0)
            self.assertEqual(one.logs(name).json["stdout"], f"{number}\n")

    def test_a_background_job_does_not_hold_the_answer(self):
        one = self.session()
        start = time.monotonic()
        done = one.run("sleep 30 & echo started")
        self.assertEqual(done["stdout"], "started\n")
        self.assertLess(time.monotonic() - start, 10)

    def test_a_sync_command_finds_its_input_empty(self):
        done = self.session().run("cat; read x; echo \"[$x]\"; ls /proc/self/fd")
        self.assertEqual(done["stdout"], "[]\n0\n1\n2\n3\n")

    def test_input(self):
        one = self.session()
        name = one.begin("read a; read b; echo \"got $a,$b\"")
        self.assertEqual(one.input(name, "first").status, 204)
        self.assertEqual(one.input(name, "second\n").status, 204)
        self.assertEqual(one.wait(name), 0)
        self.assertEqual(one.logs(name).json["stdout"],
                         "first\nsecond\ngot first,second\n")
        check_problem(self, one.input(name, "x"), 410,
                      "COMMAND_ALREADY_COMPLETED",
                      "gone: command has already completed with exit code 0")
        check_problem(self, one.input(name, ""), 400, "INVALID_REQUEST_BODY")
        check_problem(self, one.input("nosuch", "x"), 404, "NOT_FOUND",
                      "command not found")

    def test_input_for_one_command_is_not_the_next_one_s(self):
        one = self.session()
        name = one.begin("read a; sleep 0.3; echo $a", suppressInputEcho=True)
        one.input(name, "mine\nleft over")
        other = one.begin("read b; echo \"[$b]\"", suppressInputEcho=True)
        one.input(other, "for it")
        self.assertEqual(one.wait(other), 0)
        self.assertEqual(one.logs(name).json["output"], "mine\n")
        self.assertEqual(one.logs(other).json["output"], "[for it]\n")

    def test_much_input_is_taken_at_the_command_s_pace(self):
        one = self.session()
        name = one.begin("sleep 0.5; head -c 900000 | wc -c",
                         suppressInputEcho=True)
        self.assertEqual(one.input(name, "x" * 600_000).status, 204)
        self.assertEqual(one.input(name, "y" * 400_000).status, 204)
        refused = one.input(name, "z" * 900_000)
        check_problem(self, refused, 503, "SERVICE_UNAVAILABLE")
        self.assertEqual(one.wait(name), 0)
        self.assertEqual(one.logs(name).json["stdout"].strip(), "900000")

    def test_commands_are_kept_within_a_bound(self):
        one = self.session()
        first = one.run("echo 0")["cmdId"]
        for number in range(100):
            last = one.run(f"echo {number}")["cmdId"]
        check_problem(self, one.logs(first), 404, "NOT_FOUND",
                      "not found: command not found")
        self.assertEqual(one.logs(last).json["stdout"], "99\n")


if __name__ == "__main__":
    unittest.main()
