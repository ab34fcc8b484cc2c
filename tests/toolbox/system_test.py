"""What the toolbox says of the sandbox and is told about it: ports, metrics,
environment; and computer use, which it names and does not serve."""

import os
import socket
import unittest

from daemon import Daemon, check_problem
from sessions import Session

COMPUTER_USE = """
POST /computeruse/start
POST /computeruse/stop
GET /computeruse/status
GET /computeruse/process-status
GET /computeruse/process/{processName}/status
GET /computeruse/process/{processName}/logs
GET /computeruse/process/{processName}/errors
POST /computeruse/process/{processName}/restart
GET /computeruse/screenshot
GET /computeruse/screenshot/region
GET /computeruse/screenshot/compressed
GET /computeruse/screenshot/region/compressed
GET /computeruse/mouse/position
POST /computeruse/mouse/move
POST /computeruse/mouse/click
POST /computeruse/mouse/drag
POST /computeruse/mouse/scroll
POST /computeruse/mouse/down
POST /computeruse/mouse/up
POST /computeruse/keyboard/type
POST /computeruse/keyboard/key
POST /computeruse/keyboard/hotkey
POST /computeruse/keyboard/down
POST /computeruse/keyboard/up
GET /computeruse/display/info
GET /computeruse/display/windows
GET /computeruse/a11y/tree
POST /computeruse/a11y/find
POST /computeruse/a11y/node/focus
POST /computeruse/a11y/node/invoke
POST /computeruse/a11y/node/value
POST /computeruse/recordings/start
POST /computeruse/recordings/stop
GET /computeruse/recordings
GET /computeruse/recordings/{id}
GET /computeruse/recordings/{id}/download
DELETE /computeruse/recordings/{id}
""".split("\n")[1:-1]


def listener(family, address):
    """In the range of the contract, which is not where the kernel chooses."""
    for port in range(3000, 10000):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.bind((address, port))
            sock.listen(1)
            return sock, port
        except OSError:
            sock.close()
    raise RuntimeError("all ports are in use")


class Ports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def ports(self):
        answer = self.daemon.get("/port")
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(list(answer.json), ["ports"])
        return answer.json["ports"]

    def in_use(self, port):
        answer = self.daemon.get(f"/port/{port}/in-use")
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(list(answer.json), ["isInUse"])
        return answer.json["isInUse"]

    def test_listeners_of_both_families_are_listed_while_they_listen(self):
        for family, address in ((socket.AF_INET, "127.0.0.1"),
                                (socket.AF_INET6, "::1")):
            sock, port = listener(family, address)
            with sock:
                ports = self.ports()
                self.assertIn(port, ports)
                self.assertEqual(ports, sorted(set(ports)))
                self.assertTrue(self.in_use(port))
            self.assertNotIn(port, self.ports())
            self.assertFalse(self.in_use(port))

    def test_a_connection_is_no_listener(self):
        sock, port = listener(socket.AF_INET, "127.0.0.1")
        with sock, socket.create_connection(("127.0.0.1", port)) as client:
            own = client.getsockname()[1]
            self.assertNotIn(own, self.ports())

    def test_only_the_ports_of_the_contract_may_be_asked_for(self):
        for port in ("2999", "10000", "0", "-3000", "70000", "3000x", "x",
                     "4294970296"):
            check_problem(self, self.daemon.get(f"/port/{port}/in-use"), 400,
                          "BAD_REQUEST", "from 3000 to 9999")
        for port in (3000, 9999):
            self.in_use(port)

    def test_paths_beside_them_are_unknown(self):
        for path in ("/port/3000", "/port//in-use", "/port/1/2/in-use",
                     "/port/in-use", "/port/3000/in-use/x"):
            check_problem(self, self.daemon.get(path), 404, "NOT_FOUND")


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def test_they_are_whole_and_plausible(self):
        answer = self.daemon.get("/system/metrics")
        self.assertEqual(answer.status, 200, answer.text)
        metrics = answer.json
        self.assertEqual(sorted(metrics), [
            "cpuCount", "cpuUsedPct", "diskFree", "diskTotal", "diskUsed",
            "memCache", "memTotal", "memUsed", "timestamp", "timestampUnix"])
        for name in ("cpuCount", "diskTotal", "diskUsed", "memTotal"):
            self.assertGreater(metrics[name], 0, name)
            self.assertIs(type(metrics[name]), int, name)
        self.assertIs(type(metrics["cpuUsedPct"]), float)
        disk = os.statvfs(self.daemon.work)
        self.assertEqual(metrics["diskTotal"], disk.f_blocks * disk.f_frsize)
        self.assertRegex(metrics["timestamp"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")

    def test_others_are_answered_while_they_are_taken(self):
        # Taking them lasts a moment, and no request waits for another.
        connection = self.daemon.connection()
        connection.request("GET", "/system/metrics")
        self.assertEqual(self.daemon.get("/version").status, 200)
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()


class Environment(unittest.TestCase):
    def setUp(self):
        self.daemon = self.enterContext(
            Daemon({"env": {"KEPT": "1", "GONE": "2", "TOKEN": "secret:a",
                            "OTHER": "secret:b"}}))

    def change(self, **body):
        answer = self.daemon.post("/env", body)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertTrue(all(isinstance(value, str)
                            for value in answer.json.values()))

    def value(self, name):
        return self.daemon.output(f'printf %s "${{{name}-absent}}"')

    def test_what_starts_later_has_it_and_what_runs_has_not(self):
        running = Session(self.daemon, "before")
        self.change(set={"NEW": "é x", "KEPT": "3"}, unset=["GONE"])
        self.assertEqual(self.value("NEW"), "é x")
        self.assertEqual(self.value("KEPT"), "3")
        self.assertEqual(self.value("GONE"), "absent")
        self.assertEqual(running.run("echo $KEPT$GONE")["output"], "12\n")
        later = Session(self.daemon, "after")
        self.assertEqual(later.run("echo $KEPT$GONE")["output"], "3\n")

    def test_values_with_a_prefix_go_unless_they_are_set_anew(self):
        self.change(set={"OTHER": "secret:c"}, unset=["OTHER"],
                    unsetValuePrefix="secret:")
        self.assertEqual(self.value("TOKEN"), "absent")
        self.assertEqual(self.value("OTHER"), "secret:c")
        self.assertEqual(self.value("KEPT"), "1")

    def test_home_follows_the_environment(self):
        self.change(set={"HOME": "/tmp"})
        self.assertEqual(self.daemon.get("/user-home-dir").json["dir"], "/tmp")
        self.assertEqual(self.daemon.get("/project-dir").json["dir"], "/tmp")

    def test_a_bad_change_changes_nothing_and_repeats_no_value(self):
        for body in ({"set": {"GOOD": "hush", "1BAD": "hush"}},
                     {"set": {"GOOD": "hush", "BAD": 1}},
                     {"set": {"GOOD": "hush"}, "unset": "KEPT"},
                     {"set": {"GOOD": "hush"}, "unset": [1]},
                     {"set": {"GOOD": "hu\0sh"}},
                     {"set": {"GOOD": "hush"}, "unsetValuePrefix": 1},
                     {"set": ["GOOD=hush"]}):
            answer = self.daemon.post("/env", body)
            check_problem(self, answer, 400, "BAD_REQUEST")
            self.assertNotIn("hush", answer.text)
        for body in ("", "[]", "{"):
            check_problem(self, self.daemon.post("/env", body), 400,
                          "BAD_REQUEST")
        self.assertEqual(self.value("GOOD"), "absent")

    def test_what_no_program_could_start_with_is_refused(self):
        check_problem(self, self.daemon.post(
            "/env", {"set": {"A": "x" * (128 << 10)}}), 413,
            "REQUEST_TOO_LARGE", "'A'")
        for name in "ABCDEFG":
            self.change(set={name: "x" * (127 << 10)})
        check_problem(self, self.daemon.post(
            "/env", {"set": {"H": "x" * (127 << 10), "I": "x" * (127 << 10)}}),
            413, "REQUEST_TOO_LARGE", "environment")
        self.assertEqual(self.value("KEPT"), "1")


class Initialization(unittest.TestCase):
    def test_it_needs_a_token_and_exports_nothing(self):
        with Daemon() as daemon:
            answer = daemon.post("/init", {"token": "t"})
            self.assertEqual(answer.status, 200, answer.text)
            self.assertIn("no telemetry", answer.json["message"])
            for body in ({}, {"token": ""}, {"token": None}):
                check_problem(self, daemon.post("/init", body), 400,
                              "INVALID_REQUEST_BODY", "token")

    def test_a_sandbox_that_shall_export_telemetry_is_told_that_none_is(self):
        with Daemon({"env": {"DAYTONA_OTEL_ENDPOINT": "http://x"}}) as daemon:
            check_problem(self, daemon.post("/init", {"token": "t"}), 501,
                          "NOT_IMPLEMENTED", "telemetry")


class ComputerUse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def test_every_route_of_it_names_itself(self):
        for route in COMPUTER_USE:
            method, path = route.split()
            path = path.replace("{processName}", "xvfb").replace("{id}", "7")
            body = check_problem(self, self.daemon.call(method, path), 501,
                                 "NOT_IMPLEMENTED", route)
            self.assertEqual(body["path"], path)

    def test_other_paths_below_it_are_unknown(self):
        for method, path in (("GET", "/computeruse"),
                             ("GET", "/computeruse/start"),
                             ("GET", "/computeruse/process//logs"),
                             ("GET", "/computeruse/process/a/b/logs"),
                             ("POST", "/computeruse/mouse/jump")):
            check_problem(self, self.daemon.call(method, path), 404,
                          "NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
