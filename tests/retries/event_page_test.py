"""Why a sandbox is as it is, read back from a real server: who did what, and
what befell it; by pages, and as it happens across a restart."""

import argparse
import http.client
import json
import os
import signal
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))

from harness import kernel_view  # noqa: E402
from harness.client import Client, new_command_id  # noqa: E402
from harness.own_server import own_server  # noqa: E402

BUILD = ""
LIMIT = 30


class EventStream:
    """One connection to a sandbox's stream of events."""

    def __init__(self, server, sandbox_id, last=None):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", server.port, timeout=LIMIT)
        headers = {"Authorization": f"Bearer {server.key}",
                   "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.connection.request(
            "GET", f"/api/varve/sandboxes/{sandbox_id}/events",
            headers=headers)
        self.answer = self.connection.getresponse()

    def close(self):
        self.connection.close()

    def next(self):
        """The next event, whose id is also the stream's; None at the end."""
        fields = {}
        for line in iter(self.answer.readline, b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "data":
                fields = json.loads(value)
            elif not name and fields:
                return fields
        return None

    def until(self, kind):
        seen = []
        while not seen or seen[-1]["type"] != kind:
            event = self.next()
            assert event is not None, f"no {kind} after {seen}"
            seen.append(event)
        return seen


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(own_server(BUILD))
        cls.client = Client(cls.server.port, cls.server.key)
        cls.addClassCleanup(cls.client.close)

    def sandbox(self, name, **more):
        answer = self.client.create(name=name, **more)
        self.assertEqual(answer.status, 200, answer)
        return answer

    def page(self, name, query=""):
        answer = self.client.request(
            "GET", f"/api/varve/sandboxes/{name}/events{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def stream(self, sandbox_id, last=None):
        stream = EventStream(self.server, sandbox_id, last)
        self.addCleanup(stream.close)
        return stream

    def test_a_life_can_be_read_back(self):
        made = self.sandbox("read-back", env={"TOKEN": "s3cret-value"})
        sandbox_id = made.json["id"]
        command = new_command_id()
        stopped = self.client.act("read-back", "stop", command)
        self.assertEqual(stopped.headers["Varve-Correlation-Id"], command)
        gone = self.client.delete("read-back")
        self.assertEqual(gone.status, 200, gone)
        stream = self.stream(sandbox_id)
        told = stream.until("SandboxDestroyed")
        self.assertIsNone(stream.next())
        self.assertEqual(
            [(e["type"], e["principal"].partition(":")[0], e["cause"])
             for e in told],
            [("SandboxCreated", "key", "user"),
             ("SandboxStarted", "runner", "runner_report"),
             ("SandboxStopRequested", "key", "user"),
             ("SandboxStopped", "runner", "runner_report"),
             ("SandboxDestroyRequested", "key", "user"),
             ("SandboxDestroyed", "runner", "runner_report")])
        by_answer = [answer.headers["Varve-Correlation-Id"]
                     for answer in (made, stopped, gone)]
        self.assertEqual([e["correlationId"] for e in told],
                         [by_answer[n // 2] for n in range(6)])
        self.assertEqual([e["id"] for e in told],
                         [str(n + 1) for n in range(6)])
        # The same in pages; by its id also when it is gone.
        pages, cursor = [], ""
        while cursor is not None:
            page = self.page(sandbox_id, f"?limit=4&cursor={cursor or 0}")
            pages += page["items"]
            cursor = page["nextCursor"]
        self.assertEqual(pages, told)
        self.assertNotIn("s3cret-value", json.dumps(told))
        self.assertIn("TOKEN", json.dumps(told))
        # A browser that comes back for more is told not to.
        self.assertEqual(self.stream(sandbox_id, "6").answer.status, 204)

    def test_who_comes_back_after_a_restart_misses_nothing(self):
        sandbox_id = self.sandbox("followed").json["id"]
        first = self.stream(sandbox_id)
        seen = first.until("SandboxStarted")
        self.server.kill()
        first.close()
        self.server.start()
        self.client.close()  # its connection ended with the server
        self.assertEqual(self.client.act("followed", "stop").status, 200)
        second = self.stream(sandbox_id, seen[-1]["id"])
        seen += second.until("SandboxStopped")
        self.assertEqual([event["id"] for event in seen],
                         [str(n + 1) for n in range(len(seen))])
        self.assertEqual(self.client.delete("followed").status, 200)
        second.until("SandboxDestroyed")

    def test_what_befell_it_is_explained(self):
        sandbox_id = self.sandbox("killed").json["id"]
        stream = self.stream(sandbox_id)
        stream.until("SandboxStarted")
        first = kernel_view.first_processes([sandbox_id])[sandbox_id]
        os.kill(first.pid, signal.SIGKILL)
        event = stream.next()
        self.assertEqual(event["principal"].partition(":")[0], "runner")
        self.assertIn(event["cause"],
                      ("toolbox_died", "exited", "out_of_memory"))
        shown = self.client.get("killed").json
        if shown["state"] == "error":
            self.assertEqual(shown["errorReason"], event["data"]["reason"])
            self.assertIs(shown["recoverable"], True)
        else:
            self.assertEqual(shown["state"], "stopped")
        self.assertEqual(self.client.delete("killed").status, 200)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments, rest = parser.parse_known_args()
    BUILD = arguments.build
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
