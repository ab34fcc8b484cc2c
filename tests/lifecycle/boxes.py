"""A sandbox of a server under test, and how trials are run and told."""

import concurrent.futures
import os
import socket
import sys
import time

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[1:1] = [TESTS, os.path.join(TESTS, "toolbox")]

from harness.client import Client  # noqa: E402  (needs the path)

WAIT_LIMIT = 100  # seconds for a timer of one minute
IS_FULL = os.environ.get("VARVE_TEST_LENGTH", "ci") == "full"


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


class Sandbox:
    """One sandbox and a connection of its own."""

    def __init__(self, server, **body):
        self.client = Client(server.port, server.key, timeout=300)
        self.headers = {"Authorization": f"Bearer {server.key}"}
        answer = self.client.create(**body)
        expect(answer.status == 200, f"create: {answer}")
        self.id = answer.json["id"]

    def post(self, what, body=None, status=200):
        answer = self.client.request(
            "POST", f"/api/sandbox/{self.id}/{what}", body)
        expect(answer.status == status, f"{what}: {answer}")
        return answer.json if answer.body else None

    def run(self, command, **more):
        answer = self.client.execute(self.id, command, **more)
        expect(answer.status == 200, f"{command}: {answer}")
        return answer.json["result"].strip()

    # What a WebSocket to its toolbox wants (harness/sandbox_socket.py).

    def path(self, path):
        return f"/toolbox/{self.id}{path}"

    def dial(self, timeout):
        return socket.create_connection(("127.0.0.1", self.client.port),
                                        timeout)

    def shown(self):
        answer = self.client.get(self.id)
        return answer.json if answer.status == 200 else {"state": "gone"}

    def state(self):
        return self.shown()["state"]

    def wait_for(self, state, limit=WAIT_LIMIT):
        until = time.monotonic() + limit
        while self.state() != state:
            expect(time.monotonic() < until,
                   f"{self.id} is {self.state()} and not {state}")
            time.sleep(0.2)

    def pause(self):
        """On a busy host the answer may come while it is on its way."""
        shown = self.post("pause")["state"]
        expect(shown in ("pausing", "paused"), f"paused it is {shown}")
        self.wait_for("paused", 20)

    def delete(self):
        answer = self.client.delete(self.id)
        expect(answer.status == 200, f"delete: {answer}")

    def events(self):
        """All of them, the oldest first; also of one that is gone."""
        items, cursor = [], ""
        while cursor is not None:
            answer = self.client.request(
                "GET", f"/api/varve/sandboxes/{self.id}/events"
                       f"?limit=100&cursor={cursor or 0}")
            expect(answer.status == 200, f"events: {answer}")
            items += answer.json["items"]
            cursor = answer.json["nextCursor"]
        return items

    def wait_for_event(self, kind, limit=WAIT_LIMIT):
        """The newest of that kind."""
        until = time.monotonic() + limit
        while True:
            found = [e for e in self.events() if e["type"] == "Sandbox" + kind]
            if found:
                return found[-1]
            expect(time.monotonic() < until,
                   f"no {kind} within {limit} s: {self.events()}")
            time.sleep(0.2)


def in_parallel(work, items, at_once=6):
    """The results in order; the first exception is raised."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, items))


class Trials:
    """Runs them one by one or aside; one that fails stops no other."""

    def __init__(self):
        self.failures = []

    def run(self, name, work):
        begun = time.monotonic()
        try:
            work()
            print(f"ok {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception as problem:  # whatever it is, the others go on
            self.failures.append(name)
            print(f"FAILED {name}: {type(problem).__name__}: {problem}",
                  flush=True)

    def end(self, server):
        if self.failures:
            print(server.log_tail(3000))
        return 1 if self.failures else 0
