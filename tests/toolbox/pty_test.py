"""Pseudo terminals: made both ways, seen by several, never losing output."""

import base64
import json
import os
import unittest

from daemon import MEMORY_FACTOR, Daemon, check_problem, wait_until
from websocket import WebSocket

PATH = "/process/pty"
EXIT = "X-Daytona-Pty-Exit-Control"


class Viewer(WebSocket):
    """One that has been told that it is connected."""

    def __init__(self, daemon, path, protocols=()):
        super().__init__(daemon, path, {}, protocols)
        kind, told = self.receive()
        assert kind == self.TEXT, (kind, told)
        self.told = json.loads(told)

    def run(self, line, needle):
        """What the terminal shows up to the needle."""
        self.send_binary(line.encode() + b"\n")
        return self.until(needle)


def sleepers(prefix):
    """The times that running sleeps were given, of those that begin so."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as text:
                words = text.read().split(b"\0")
        except OSError:
            continue
        if words[0] == b"sleep" and words[1].startswith(prefix):
            out.append(words[1])
    return out


class WithDaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon(
            {"env": {"PS1": "$ "}, "imageEnv": ["PATH=/usr/bin:/bin"]}))

    def create(self, **more):
        name = self.id().rsplit(".", 1)[1]
        answer = self.daemon.post(PATH, {"id": name, **more})
        self.assertEqual(answer.status, 201, answer.text)
        self.assertEqual(answer.json, {"sessionId": name})
        self.addCleanup(self.daemon.delete, f"{PATH}/{name}")
        return name

    def view(self, name, protocols=()):
        viewer = Viewer(self.daemon, f"{PATH}/{name}/connect", protocols)
        self.addCleanup(viewer.sock.close)
        self.assertEqual(viewer.told, {"type": "control",
                                       "status": "connected"})
        return viewer

    def create_connect(self, query, protocols=()):
        viewer = Viewer(self.daemon, f"{PATH}/create-connect?{query}",
                        protocols)
        self.addCleanup(viewer.sock.close)
        return viewer


class Life(WithDaemon):
    def test_create_look_resize_and_delete(self):
        name = self.create(cwd="/usr", envs={"A": "b c"}, cols=100, rows=30)
        path = f"{PATH}/{name}"
        shown = self.daemon.get(path).json
        self.assertRegex(shown.pop("createdAt"), r"^\d{4}-\d\d-\d\dT")
        self.assertEqual(shown, {
            "id": name, "cwd": "/usr", "envs": {"A": "b c"}, "cols": 100,
            "rows": 30, "active": True, "lazyStart": False})
        self.assertIn(name, [one["id"] for one in
                             self.daemon.get(PATH).json["sessions"]])
        again = self.daemon.post(PATH, {"id": name})
        check_problem(self, again, 409, "CONFLICT", "already exists")
        viewer = self.view(name)
        self.assertIn(b"30 100", viewer.run("stty size", b"30 100"))
        answer = self.daemon.post(path + "/resize", {"cols": 120, "rows": 40})
        self.assertEqual((answer.status, answer.json["cols"]), (200, 120))
        viewer.run("stty size", b"40 120")
        viewer.run("echo \"$PWD|$A|$TERM\"", b"/usr|b c|xterm-256color")
        gone = self.daemon.delete(path)
        self.assertEqual((gone.status, gone.json),
                         (200, {"message": "PTY session deleted"}))
        viewer.all()
        self.assertEqual((viewer.close_code, json.loads(viewer.close_reason)),
                         (1000, {"exitCode": 137, "exitReason": "SIGKILL"}))
        for answer in (self.daemon.get(path), self.daemon.delete(path)):
            check_problem(self, answer, 404, "NOT_FOUND",
                          "PTY session not found")
        check_problem(self, self.daemon.post(
            path + "/resize", {"cols": 1, "rows": 1}), 410, "GONE")

    def test_bad_requests(self):
        for body in ({}, {"id": ""}, {"id": "a/b"}, {"id": "x", "cols": 1001},
                     {"id": "x", "rows": 1001}, {"id": "x", "cols": -1},
                     {"id": "x", "envs": {"1": "x"}},
                     {"id": "x", "lazyStart": 1}):
            answer = self.daemon.post(PATH, body)
            self.assertEqual(answer.status, 400, body)
        answer = self.daemon.post(PATH, {"id": "x", "cwd": "/no/such"})
        check_problem(self, answer, 500, "INTERNAL_SERVER_ERROR",
                      "failed to start PTY session: chdir /no/such")
        self.assertEqual(self.daemon.get(f"{PATH}/x").status, 404)
        name = self.create(lazyStart=True)
        for body in ({}, {"cols": 80}, {"cols": 0, "rows": 1},
                     {"cols": 80, "rows": 1001}):
            self.assertEqual(self.daemon.post(f"{PATH}/{name}/resize",
                                              body).status, 400)
        check_problem(self, self.daemon.get(f"{PATH}/{name}/connect"), 400,
                      "BAD_REQUEST", "WebSocket")
        check_problem(self, self.daemon.call("PUT", PATH), 404, "NOT_FOUND")

    def test_a_lazy_one_starts_with_its_first_viewer(self):
        name = self.create(lazyStart=True)
        path = f"{PATH}/{name}"
        self.assertFalse(self.daemon.get(path).json["active"])
        self.daemon.post(path + "/resize", {"cols": 90, "rows": 20})
        viewer = self.view(name)
        viewer.run("stty size", b"20 90")
        self.assertTrue(self.daemon.get(path).json["active"])

    def test_create_connect(self):
        variables = base64.urlsafe_b64encode(
            json.dumps({"B": "\u00fc?>"}).encode()).decode().rstrip("=")
        viewer = self.create_connect("id=cc&cols=70&rows=21&cwd=/usr",
                                     [f"X-Daytona-Pty-Envs~{variables}", EXIT])
        self.assertEqual(viewer.protocol, EXIT)
        self.assertEqual(viewer.told["status"], "connected")
        viewer.run("stty size; echo \"$PWD|$B\"", "/usr|\u00fc?>".encode())
        again = self.create_connect("id=cc")
        self.assertEqual(again.told["status"], "error")
        self.assertIn("already exists", again.told["error"])
        again.all()
        self.assertEqual(again.close_code, 1011)
        viewer.send_text("exit 3\n")
        frames = list(viewer.frames())
        self.assertEqual(json.loads(frames[-1]), {
            "type": "control", "status": "exited", "exitCode": 3,
            "exitReason": "non-zero exit"})
        self.assertEqual(viewer.close_code, 1000)

    def test_errors_come_in_band(self):
        for path in (f"{PATH}/nosuch/connect", f"{PATH}/create-connect",
                     f"{PATH}/create-connect?id=x&cols=5000",
                     f"{PATH}/create-connect?id=x&cwd=/no/such"):
            viewer = Viewer(self.daemon, path)
            self.addCleanup(viewer.sock.close)
            self.assertEqual(viewer.told["status"], "error")
            self.assertIn("Failed to connect to PTY session",
                          viewer.told["error"])
            viewer.all()
            self.assertIn("error", json.loads(viewer.close_reason))
        self.assertEqual(
            [one for one in self.daemon.get(PATH).json["sessions"]
             if one["id"] in ("nosuch", "x")], [])

    def test_exit_codes_are_in_the_close_reason(self):
        for line, reason in (
                ("exit 0", {"exitCode": 0}),
                ("exit 9", {"exitCode": 9, "exitReason": "non-zero exit"}),
                ("exit 130", {"exitCode": 130, "exitReason": "Ctrl+C"}),
                ("kill -9 $$", {"exitCode": 137, "exitReason": "SIGKILL"})):
            viewer = self.create_connect("id=codes")
            viewer.send_text(line + "\n")
            for frame in viewer.frames():
                self.assertNotIn(b'"exited"', frame)
            self.assertEqual(json.loads(viewer.close_reason), reason)
            self.assertEqual(viewer.close_code, 1000)

    def test_delete_ends_the_whole_tree(self):
        name = self.create()
        viewer = self.view(name)
        viewer.run("trap '' HUP TERM; (setsid sleep 981.5 &); sleep 982.5 & "
                   "echo re''ady", b"ready")
        self.assertTrue(wait_until(lambda: len(sleepers(b"98")) == 2))
        self.assertEqual(self.daemon.delete(f"{PATH}/{name}").status, 200)
        self.assertEqual(sleepers(b"98"), [])


class Terminal(WithDaemon):
    def test_it_is_the_user_s_controlling_terminal(self):
        viewer = self.view(self.create())
        told = viewer.run("tty; id -u; echo x > /dev/stdout && echo o''k",
                          b"ok\r\n")
        self.assertIn(b"/dev/pts/", told)
        self.assertIn(b"65534", told)
        viewer.send_text("sleep 993.5\n")
        self.assertTrue(wait_until(lambda: sleepers(b"993.5")))
        viewer.send_binary(b"\x03")
        viewer.run("echo go''on", b"goon")

    def test_several_viewers_see_the_same_and_may_type(self):
        name = self.create()
        one, two = self.view(name), self.view(name)
        one.run("echo fr''om-one", b"from-one")
        two.until(b"from-one")
        two.run("echo fr''om-two", b"from-two")
        one.until(b"from-two")

    def test_a_viewer_that_returns_sees_what_was_there(self):
        name = self.create()
        one = self.view(name)
        one.run("A=kept; echo sc''reen", b"screen")
        one.send_close()
        one.all()  # what the terminal still said, up to the close
        two = self.view(name)
        self.assertIn(b"screen", two.until(b"screen"))
        two.run("echo $A-''$A", b"kept-kept")

    def test_what_came_before_the_first_viewer_is_not_lost(self):
        with open(self.daemon.work + "/.bash_profile", "w") as profile:
            profile.write("echo early-greeting; : > greeted\n")
        name = self.create(envs={"HOME": self.daemon.work})
        self.assertTrue(wait_until(lambda: os.path.exists(
            self.daemon.work + "/greeted")))
        self.view(name).until(b"early-greeting")

    def test_no_output_is_lost_under_a_fast_writer(self):
        viewer = self.view(self.create())
        viewer.send_text("stty -onlcr; head -c 20000000 /dev/zero | "
                         "tr '\\0' a; printf t''ail; exit 5\n")
        size = 0
        end = b""
        for frame in viewer.frames():
            size += frame.count(b"a")
            end = (end + frame)[-4000:]
        self.assertIn(b"aaaatail", end)
        self.assertGreaterEqual(size, 20_000_000)
        self.assertLess(size, 20_001_000)
        self.assertEqual(json.loads(viewer.close_reason)["exitCode"], 5)

    def test_replay_is_bounded(self):
        name = self.create()
        viewer = self.view(name)
        viewer.send_text("head -c 3000000 /dev/zero | tr '\\0' a; "
                         "echo e''nd\n")
        viewer.until(b"end")
        late = self.view(name)
        size = len(late.until(b"end"))
        self.assertLess(size, 300 << 10)
        self.assertGreater(size, 200 << 10)


class Bounds(unittest.TestCase):
    def test_a_viewer_that_stops_reading_holds_nobody_for_long(self):
        with Daemon() as daemon:
            with Viewer(daemon, f"{PATH}/create-connect?id=x") as stuck:
                stuck.send_text("head -c 30000000 /dev/zero; touch done\n")
                self.assertTrue(wait_until(
                    lambda: os.path.exists(daemon.work + "/done"), 60))
                self.assertEqual(daemon.get("/version").status, 200)
            peak = int(daemon.status_field("VmHWM").split()[0])
            self.assertLess(peak, 32 * 1024 * MEMORY_FACTOR)

    def test_the_sandbox_s_end_ends_interactive_shells(self):
        with Daemon() as daemon:
            with Viewer(daemon, f"{PATH}/create-connect?id=x") as viewer:
                viewer.run("echo u''p", b"up")
                daemon.process.terminate()
                self.assertEqual(daemon.process.wait(8), 0)


if __name__ == "__main__":
    unittest.main()
