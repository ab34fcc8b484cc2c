"""HTTP itself: routes, malformed input, limits on connections and memory."""

import json
import socket
import unittest

from daemon import MEMORY_FACTOR, Daemon, check_problem, wait_until


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def test_version(self):
        answer = self.daemon.get("/version")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"],
                         "application/json; charset=utf-8")
        self.assertEqual(answer.json["user"], "nobody")

    def test_what_is_unknown_is_404_with_a_body(self):
        for method, path in (("GET", "/"), ("GET", "/nothing"),
                             ("GET", "/filesystem"), ("GET", "/portal"),
                             ("DELETE", "/version"), ("PUT", "/files"),
                             ("GET", "/process/execute"),
                             ("GET", "/files/upload"), ("BREW", "/version"),
                             ("GET", "/proxy/80/x"), ("GET", "/git/nothing"),
                             ("GET", "/computeruse/nothing")):
            body = check_problem(self, self.daemon.call(method, path), 404,
                                 "NOT_FOUND", "404 page not found")
            self.assertEqual((body["method"], body["path"]), (method, path))

    def test_a_trailing_slash_and_escapes_are_the_same_path(self):
        self.assertEqual(self.daemon.get("/version/").status, 200)
        self.assertEqual(self.daemon.get("/%76ersion").status, 200)

    def test_a_connection_serves_one_request_after_another(self):
        connection = self.daemon.connection()
        for body in (None, "x" * 100_000):
            for path in ("/version", "/nothing", "/files?path=/", "/version"):
                connection.request("GET", path, body)
                answer = connection.getresponse()
                self.assertIn(answer.status, (200, 404))
                self.assertTrue(answer.read())
        connection.close()

    def test_requests_sent_ahead_are_answered_in_order(self):
        one = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
        two = b"GET /files/info?path=/ HTTP/1.1\r\nHost: x\r\n\r\n"
        end = b"GET /work-dir HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        told = self.daemon.raw(one + two + end)
        self.assertEqual(told.count(b"HTTP/1.1 200 OK"), 3)
        self.assertLess(told.index(b'"version"'), told.index(b'"isDir"'))
        self.assertLess(told.index(b'"isDir"'), told.index(b'"dir"'))

    def test_http_1_0_is_closed_after_its_answer(self):
        told = self.daemon.raw(b"GET /version HTTP/1.0\r\n\r\n")
        self.assertIn(b" 200 OK", told)
        self.assertIn(b"Connection: close", told)

    def test_malformed_requests_are_400_and_closed(self):
        for text in (b"nonsense\r\n\r\n", b"GET /version\r\n\r\n",
                     b"GET /version HTTP/9.9\r\n\r\n",
                     b"GET /version HTTP/1.1\r\nbad header\r\n\r\n",
                     b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"POST /x HTTP/1.1\r\nContent-Length: 1\r\n"
                     b"Content-Length: 2\r\n\r\n",
                     b"POST /x HTTP/1.1\r\nContent-Length: 4\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00"):
            with self.subTest(text=text):
                told = self.daemon.raw(text + b"\r\n\r\n")
                self.assertTrue(told.startswith(b"HTTP/1.1 400 "), told)
                self.assertIn(b'"source":"DAYTONA_DAEMON"', told)

    def test_a_header_without_end_is_431(self):
        told = self.daemon.raw(b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000)
        self.assertTrue(told.startswith(b"HTTP/1.1 431 "), told)

    def test_a_bad_target_is_400_and_the_connection_goes_on(self):
        told = self.daemon.raw(
            b"GET /files?path=%zz HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /version HTTP/1.0\r\n\r\n")
        self.assertTrue(told.startswith(b"HTTP/1.1 400 "))
        self.assertIn(b"HTTP/1.1 200 OK", told)

    def test_bad_chunks_end_the_connection_only(self):
        told = self.daemon.raw(
            b"POST /files/upload-v2?path=x HTTP/1.1\r\nHost: x\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        self.assertNotIn(b" 200 ", told)
        self.assertEqual(self.daemon.get("/version").status, 200)

    def test_an_upgrade_is_not_built_and_not_a_hang(self):
        told = self.daemon.raw(
            b"GET /computeruse/status HTTP/1.1\r\nHost: x\r\n"
            b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n")
        self.assertTrue(told.startswith(b"HTTP/1.1 501 "), told)


class Limits(unittest.TestCase):
    def connect(self, daemon):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(10)
        sock.connect(daemon.socket_path)
        return sock

    def test_connections_beyond_the_limit_are_turned_away_with_503(self):
        # 980 descriptors: 940 are kept back, 4 belong to each connection.
        with Daemon(nofile=980) as daemon:
            held = [self.connect(daemon) for _ in range(10)]
            for sock in held:
                sock.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b" 200 OK", sock.recv(1000))
            extra = self.connect(daemon)
            told = extra.recv(1000)
            self.assertIn(b"HTTP/1.1 503 ", told)
            self.assertIn(b"too many connections", told)
            self.assertIn(b'"source":"DAYTONA_DAEMON"', told)
            for sock in held:
                sock.close()
            self.assertTrue(wait_until(lambda: self.served(daemon)))

    def served(self, daemon):
        try:
            return daemon.get("/version").status == 200
        except (ConnectionError, BrokenPipeError):
            return False

    def test_children_keep_the_descriptor_limit_they_had(self):
        with Daemon(nofile=1340) as daemon:
            self.assertEqual(daemon.output("ulimit -n"), "1340\n")

    def test_output_of_many_commands_stays_within_one_budget(self):
        with Daemon() as daemon:
            connections = [daemon.connection() for _ in range(8)]
            command = {"command": "head -c 15000000 /dev/zero | tr '\\0' a; "
                                  "sleep 2"}
            for one in connections:
                one.request("POST", "/process/execute", json.dumps(command))
            cut = 0
            for one in connections:
                answer = one.getresponse().read()
                self.assertTrue(answer.startswith(b'{"exitCode":0,'))
                cut += b'"truncated":true' in answer[-100:]
                one.close()
            # 8 x 15 MB do not fit 64 MiB.
            self.assertGreaterEqual(cut, 3)
            peak = int(daemon.status_field("VmHWM").split()[0])
            self.assertLess(peak, 120 * 1024 * MEMORY_FACTOR)
            # And what was taken is given back.
            done = daemon.execute("head -c 15000000 /dev/zero")
            self.assertNotIn("truncated", done)

    def test_idle_connections_cost_little(self):
        with Daemon() as daemon:
            before = int(daemon.status_field("VmRSS").split()[0])
            held = [self.connect(daemon) for _ in range(500)]
            for sock in held:
                sock.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b" 200 OK", sock.recv(1000))
            grown = int(daemon.status_field("VmRSS").split()[0]) - before
            self.assertLess(grown, 500 * 16 * MEMORY_FACTOR)


if __name__ == "__main__":
    unittest.main()
