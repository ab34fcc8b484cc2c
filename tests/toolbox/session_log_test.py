"""Logs of sessions: read, followed, bounded; and the entry point's."""

import unittest

from daemon import MEMORY_FACTOR, Daemon, check_problem, wait_until
from sessions import ERR, NEW, OUT, Session, WithDaemon
from websocket import Refused, WebSocket


class Logs(WithDaemon):
    TEXT = "echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three"
    MARKED = OUT + b"one\n" + ERR + b"two\n" + OUT + b"three"

    def test_by_the_client_s_version(self):
        one = self.session()
        done = one.run(self.TEXT)
        name = done["cmdId"]
        self.assertEqual(done["output"], "one\ntwo\nthree")
        split = {"output": "one\ntwo\nthree", "stdout": "one\nthree",
                 "stderr": "two\n"}
        for version in ("0.190.0", "v0.167.0", "0.0.0-dev", "unknown",
                        "0.190.0a1", "1.2"):
            answer = one.logs(name, {"X-Daytona-SDK-Version": version})
            self.assertEqual(answer.json, split)
            self.assertEqual(answer.headers["Content-Type"],
                             "application/json; charset=utf-8")
        for headers, text in (
                ({"X-Daytona-SDK-Version": "0.166.9"}, self.MARKED),
                ({"X-Daytona-SDK-Version": "0.27.0"}, self.MARKED),
                ({"X-Daytona-Split-Output": "true"}, self.MARKED),
                ({"X-Daytona-SDK-Version": "0.26.0"}, b"one\ntwo\nthree"),
                ({}, b"one\ntwo\nthree")):
            answer = one.logs(name, headers)
            self.assertEqual(answer.body, text)
            self.assertIn("text/plain", answer.headers["Content-Type"])
        self.assertEqual(one.post(self.TEXT, {"X": "y"}).json["output"],
                         "one\ntwo\nthree")
        old = one.post(self.TEXT, {"X-Daytona-SDK-Version": "0.100.0"}).json
        self.assertEqual(old["output"].encode(), self.MARKED)
        self.assertNotIn("stdout", old)

    def test_from_a_byte_offset(self):
        one = self.session()
        name = one.run(self.TEXT)["cmdId"]
        plain = b"one\ntwo\nthree"
        for offset in range(len(self.MARKED) + 3):
            query = f"?offset={offset}"
            marked = one.logs(name, {"X-Daytona-Split-Output": "true"}, query)
            self.assertEqual(marked.body, self.MARKED[offset:])
            self.assertEqual(one.logs(name, {}, query).body, plain[offset:])
        answer = one.logs(name, query="?offset=5").json
        self.assertEqual(answer, {"output": "wo\nthree", "stdout": "three",
                                  "stderr": "wo\n", "offset": 5,
                                  "nextOffset": 13})
        for bad in ("-1", "x", "", "1x"):
            check_problem(self, one.logs(name, query=f"?offset={bad}"), 400,
                          "BAD_REQUEST", "offset")

    def test_a_websocket_follows_to_the_end(self):
        one = self.session()
        name = one.begin("for i in 1 2 3; do echo $i; echo e$i >&2; "
                         "sleep 0.2; done; exit 4")
        with one.follow(name) as ws:
            frames = list(ws.frames())
        self.assertEqual((ws.close_code, ws.close_reason), (1000, ""))
        self.assertGreaterEqual(len(frames), 3)
        for frame in frames:
            self.assertIn(frame[:3], (OUT, ERR))
        whole = b"".join(frames)
        self.assertEqual(whole.replace(OUT, b"").replace(ERR, b"").split(),
                         b"1 e1 2 e2 3 e3".split())
        with one.follow(name) as ws:  # after the end
            self.assertEqual(ws.all(), whole)
        self.assertEqual(ws.close_code, 1000)
        with one.follow(name, query="?follow=true&offset=7") as ws:
            self.assertEqual(ws.all(), whole[7:])

    def test_a_follower_comes_back_where_it_stopped(self):
        one = self.session()
        name = one.begin("for i in $(seq 200); do echo line $i; "
                         "sleep 0.005; done")
        got = b""
        while True:
            with one.follow(name, query=f"?follow=true&offset={len(got)}") \
                    as ws:
                kind, payload = ws.receive()
                if kind == ws.CLOSE:
                    break
                got += payload
        self.assertEqual(got, b"".join(OUT + f"line {i}\n".encode()
                                       for i in range(1, 201)))

    def test_without_follow_it_sends_what_there_is(self):
        one = self.session()
        name = one.begin("echo now; sleep 976.5")
        self.assertTrue(wait_until(lambda: one.logs(name).json["stdout"]))
        with one.follow(name, query="") as ws:
            self.assertEqual(ws.all(), OUT + b"now\n")
        self.assertEqual(ws.close_code, 1000)

    def test_plain_http_follows_in_chunks(self):
        one = self.session()
        name = one.begin("echo a; sleep 0.5; echo b >&2; sleep 0.2")
        connection = self.daemon.connection()
        connection.request("GET", one.path(name, "/logs?follow=true"))
        answer = connection.getresponse()
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked")
        self.assertEqual(answer.headers["Content-Type"],
                         "application/octet-stream")
        self.assertEqual(answer.read1(100), b"a\n")
        self.assertFalse(one.ended(name))
        self.assertEqual(answer.read(), b"b\n")
        connection.close()
        marked = one.logs(name, {"X-Daytona-Split-Output": "true"},
                          "?follow=true&offset=5")
        self.assertEqual(marked.body, ERR + b"b\n")

    def test_the_subprotocol_and_the_version_in_it(self):
        one = self.session()
        name = one.run("echo x")["cmdId"]
        for offered, told, text in (
                (["X-Daytona-SDK-Version~0.190.0"],
                 "X-Daytona-SDK-Version~0.190.0", OUT + b"x\n"),
                (["other", "X-Daytona-SDK-Version~0.20.0"],
                 "X-Daytona-SDK-Version~0.20.0", b"x\n"),
                (["other"], None, OUT + b"x\n"), ([], None, OUT + b"x\n")):
            with one.follow(name, {}, protocols=offered) as ws:
                self.assertEqual(ws.protocol, told)
                self.assertEqual(ws.all(), text)

    def test_what_is_missing_is_404_before_the_upgrade(self):
        one = self.session()
        for path, text in ((one.path("nosuch", "/logs?follow=true"), "command"),
                           ("/process/session/nosuch/command/x/logs",
                            "session"),
                           ("/process/session/entrypoint/logs?follow=true",
                            "session")):
            with self.assertRaises(Refused) as refused:
                WebSocket(self.daemon, path)
            self.assertEqual(refused.exception.status, 404)
            self.assertIn(f"not found: {text} not found",
                          refused.exception.text)

    def test_a_character_is_never_cut(self):
        one = self.session()
        done = one.run("printf '\\303'; sleep 0.2; printf '\\274\\342\\234'; "
                       "sleep 0.2; printf '\\223\\n'; printf '\\303'")
        self.assertEqual(done["stdout"], "\u00fc\u2713\n\ufffd")

    def test_a_follower_that_goes_does_not_end_the_command(self):
        one = self.session()
        name = one.begin("sleep 0.5; echo survived")
        with one.follow(name) as ws:
            ws.send_close()
            self.assertEqual(ws.receive()[0], ws.CLOSE)
        one.follow(name).sock.close()
        self.assertEqual(one.wait(name), 0)
        self.assertEqual(one.logs(name).json["stdout"], "survived\n")

    def test_pings_are_answered_and_bad_frames_closed(self):
        one = self.session()
        name = one.begin("sleep 977.5")
        with one.follow(name) as ws:
            ws.send_frame(0x89, b"hello")
            self.assertEqual(ws.receive(), (ws.PONG, b"hello"))
            ws.send_text("ignored")
            ws.send_frame(0x01, b"in ")
            ws.send_frame(0x80, b"parts")
            ws.send_frame(0x89)
            self.assertEqual(ws.receive(), (ws.PONG, b""))
        for first, payload, mask, code in (
                (0x83, b"", True, 1002), (0xc1, b"x", True, 1002),
                (0x81, b"x", False, 1002), (0x80, b"x", True, 1002),
                (0x09, b"", True, 1002), (0x89, b"x" * 126, True, 1002),
                (0x82, b"x" * 70_000, True, 1009)):
            with self.subTest(first=first), one.follow(name) as ws:
                ws.send_frame(first, payload, mask)
                self.assertEqual(ws.all(), b"")
                self.assertEqual(ws.close_code, code)


class Bounds(unittest.TestCase):
    def test_a_fast_writer_loses_nothing_to_who_follows(self):
        with Daemon() as daemon:
            one = Session(daemon, "x")
            name = one.begin("head -c 40000000 /dev/zero | tr '\\0' a")
            with one.follow(name) as ws:
                size = sum(frame.count(b"a") for frame in ws.frames())
            self.assertEqual((size, ws.close_code), (40_000_000, 1000))
            # What is kept is the end, within a bound.
            kept = one.logs(name).json["stdout"]
            self.assertLessEqual(len(kept), 16 << 20)
            self.assertGreater(len(kept), 15 << 20)
            peak = int(daemon.status_field("VmHWM").split()[0])
            self.assertLess(peak, 64 * 1024 * MEMORY_FACTOR)

    def test_a_follower_that_stops_reading_holds_nobody_for_long(self):
        with Daemon() as daemon:
            one = Session(daemon, "x")
            name = one.begin("head -c 60000000 /dev/zero; echo end >&2")
            with one.follow(name):
                self.assertTrue(wait_until(lambda: one.ended(name), 60))
                self.assertEqual(daemon.get("/version").status, 200)
                self.assertIn("end\n", one.logs(name).json["stderr"])

    def test_many_logs_stay_within_one_budget(self):
        with Daemon() as daemon:
            names = []
            for number in range(6):
                one = Session(daemon, f"s{number}")
                names.append((one, one.begin(
                    "head -c 12000000 /dev/zero | tr '\\0' a; echo done")))
            for one, name in names:
                self.assertTrue(wait_until(lambda: one.ended(name), 60))
            # The oldest have made room for the newest.
            self.assertLess(sum(len(one.logs(name).body)
                                for one, name in names), 40_000_000 * 2)
            peak = int(daemon.status_field("VmHWM").split()[0])
            self.assertLess(peak, 80 * 1024 * MEMORY_FACTOR)
            self.assertEqual(names[0][0].run("echo on")["stdout"], "on\n")


class Entrypoint(unittest.TestCase):
    PATH = "/process/session/entrypoint"

    def test_its_output_is_its_log(self):
        script = "echo begin; echo bad >&2; sleep 1; echo 'en d'; exit 3"
        with Daemon({"entrypoint": ["sh", "-c", script]}) as daemon:
            path = self.PATH + "/logs"
            with WebSocket(daemon, path + "?follow=true", NEW) as ws:
                text = ws.all()
            self.assertEqual(ws.close_code, 1000)
            self.assertEqual(
                sorted(text.replace(OUT, b"1:").replace(ERR, b"2:")
                       .splitlines()), [b"1:begin", b"1:en d", b"2:bad"])
            logs = daemon.call("GET", path, None, NEW).json
            self.assertEqual(logs["stdout"], "begin\nen d\n")
            self.assertEqual(logs["stderr"], "bad\n")
            # Never combined.
            self.assertEqual(daemon.get(path).body, text)
            shown = daemon.get(self.PATH).json
            self.assertEqual(shown["sessionId"], "entrypoint")
            command = shown["commands"][0]
            self.assertEqual(command["id"], "entrypoint_command")
            self.assertEqual(command["exitCode"], 3)
            self.assertIn("sh' '-c'", command["command"])
            self.assertEqual(daemon.get("/process/session").json, [])

    def test_there_is_none_without_one_and_a_missing_program_is_told(self):
        with Daemon() as daemon:
            check_problem(self, daemon.get(self.PATH), 404, "NOT_FOUND")
        with Daemon({"entrypoint": ["/no/such"]}) as daemon:
            self.assertTrue(wait_until(lambda: "exitCode" in daemon.get(
                self.PATH).json["commands"][0]))
            logs = daemon.call("GET", self.PATH + "/logs", None, NEW).json
            self.assertIn("/no/such: not found", logs["stderr"])


if __name__ == "__main__":
    unittest.main()
