"""Clients that read slowly, or not at all, while something writes."""

import hashlib
import time

from stand import IS_FULL, MIB, Nasty, main

from harness.sandbox_socket import SandboxSocket

# More than a log keeps and all sockets on its way hold.
LOG = (100 if IS_FULL else 40) * 1_000_000
TERMINAL = (100 if IS_FULL else 20) * 1_000_000
LINE = b"0123456789" * 9 + b"abcdefgh\r\n"
# Logs may hold 32 MiB, whatever their number.
WITH_LOGS = 32 + 32
VERSION = {"X-Daytona-SDK-Version": "0.190.0"}
WRITER = ("import sys\n"
          "for i in range(int(sys.argv[1]) // 100):\n"
          f"    sys.stdout.write({LINE.decode().strip()!r} + chr(10))\n")


class Stream(Nasty):
    def follow(self, path, **more):
        link = SandboxSocket(self.box, path, VERSION, **more)
        self.addCleanup(link.sock.close)
        return link

    def begin(self, session, command):
        answer = self.box.request("POST", f"/process/session/{session}/exec",
                                  {"command": command, "runAsync": True})
        self.assertEqual(answer.status, 202, answer)
        return f"/process/session/{session}/command/{answer.json['cmdId']}"

    def test_a_log_follower_that_stops_reading(self):
        made = self.box.request("POST", "/process/session",
                                {"sessionId": "flood"})
        self.assertEqual(made.status, 201, made)
        self.box.output(f"cat > writer.py <<'END'\n{WRITER}END\n")
        command = self.begin("flood", f"sleep 1; python3 writer.py {LOG}")
        silent = self.follow(command + "/logs?follow=true")
        reader = self.follow(command + "/logs?follow=true", timeout=120)
        lines = sum(frame.count(b"\n") for frame in reader.frames())
        # It was held back for the silent one, and then let go.
        self.assertEqual(lines, LOG // 100)
        self.assertEqual(reader.close_code, 1000)
        self.wait_until(lambda: "exitCode" in self.box.request(
            "GET", command).json, lambda: "the command does not end")
        for _ in silent.frames():
            pass
        self.assertEqual((silent.close_code, silent.close_reason),
                         (1008, "slow consumer"))
        self.assert_peak_below(WITH_LOGS)

    def terminal(self, name):
        made = self.box.request("POST", "/process/pty", {"id": name})
        self.assertEqual(made.status, 201, made)
        viewer = self.follow(f"/process/pty/{name}/connect", timeout=120)
        self.assertEqual(viewer.receive()[0], viewer.TEXT)
        return viewer

    def flood(self, viewer):
        """Everything between the marks, as the terminal showed it."""
        viewer.send_binary(b"cat > writer.py <<'END'\n" + WRITER.encode()
                           + b"END\n")
        viewer.send_binary(b"clear; stty -echo; echo BEG''IN; "
                           b"python3 writer.py %d; echo E''ND\n" % TERMINAL)
        shown = viewer.until(b"BEGIN\r\n")
        shown = shown[shown.index(b"BEGIN\r\n") + 7:]
        whole, total = hashlib.sha256(), 0
        tail = shown
        while b"END\r\n" not in tail[-200:]:
            keep = max(0, len(tail) - 200)
            whole.update(tail[:keep])
            total += keep
            tail = tail[keep:] + viewer.receive()[1]
        rest = tail[:tail.index(b"END\r\n")]
        whole.update(rest)
        return whole.hexdigest(), total + len(rest)

    def expected(self):
        whole = hashlib.sha256()
        for _ in range(TERMINAL // 100):
            whole.update(LINE)
        return whole.hexdigest(), TERMINAL

    def test_a_terminal_that_floods_loses_nothing(self):
        begun = time.monotonic()
        self.assertEqual(self.flood(self.terminal("flood")), self.expected())
        print(f"  {TERMINAL / (time.monotonic() - begun) / MIB:.1f} MiB/s",
              flush=True)
        self.assert_peak_below(32)

    def test_a_viewer_that_stops_reading_does_not_stop_the_others(self):
        reader = self.terminal("shared")
        silent = self.follow("/process/pty/shared/connect", timeout=120)
        self.assertEqual(self.flood(reader), self.expected())
        for _ in silent.frames():
            pass
        self.assertEqual((silent.close_code, silent.close_reason),
                         (1008, "slow consumer"))
        self.assert_peak_below(WITH_LOGS)


if __name__ == "__main__":
    main()
