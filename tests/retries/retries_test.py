"""Creates through a proxy that cuts the connection at every stage of them: by
key (a raw client) and by name (an official SDK) exactly as many sandboxes
exist as were asked for; what nobody can find again is taken back."""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
sys.path.insert(0, os.path.join(ROOT, "tests", "sdk"))

import clients  # noqa: E402
from cutting_proxy import STAGES, CuttingProxy  # noqa: E402
from harness.client import Client, Lost, new_command_id  # noqa: E402
from harness.own_server import own_server  # noqa: E402

BUILD = ""
FULL = os.environ.get("VARVE_TEST_LENGTH") != "ci"
CREATES = 200 if FULL else 42  # half of them each way
AT_ONCE = 4
SDK = "daytona-0.226.1"
TAKEN_BACK = 75  # seconds: 60 and what the way takes


def plan(number):
    """One cut, or two: every stage comes first, every pair sometimes."""
    first = STAGES[number % len(STAGES)]
    second = STAGES[(number // len(STAGES)) % len(STAGES)]
    return [first, second] if number % 2 else [first]


def in_parallel(work, items):
    items, failures = list(items), []

    def run():
        while items:
            try:
                work(items.pop())
            except IndexError:
                return
            except Exception as problem:  # told by the main thread
                failures.append(problem)

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Retries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(own_server(BUILD))
        cls.client = Client(cls.server.port, cls.server.key)
        cls.addClassCleanup(cls.client.close)

    def proxy(self, creates):
        plans = {create: plan(n) for n, create in enumerate(creates)}
        return CuttingProxy(self.server.port,
                            lambda create: plans.get(create, []))

    def ids(self):
        return {item["id"]: item["name"]
                for item in self.client.every_sandbox()}

    def remove(self, names):
        in_parallel(self.delete, names)

    def delete(self, name):
        with_own = Client(self.server.port, self.server.key)
        answer = with_own.delete(name)
        with_own.close()
        self.assertEqual(answer.status, 200, answer)

    def create_with(self, port, key):
        """Until an answer comes; on a new connection each time."""
        for _ in range(4):
            client = Client(port, self.server.key)
            try:
                answer = client.create(command_id=key, labels={"key": key})
            except Lost:
                continue
            finally:
                client.close()
            self.assertEqual(answer.status, 200, answer)
            return answer.json["id"]
        raise AssertionError(f"no answer for {key}")

    def test_with_keys_each_create_happens_once(self):
        before = self.ids()
        keys = [new_command_id() for _ in range(CREATES // 2)]
        made = {}
        with self.proxy(keys) as proxy:
            def create(key):
                made[key] = self.create_with(proxy.port, key)

            in_parallel(create, keys)
        self.assertTrue(all(proxy.cuts.values()), proxy.cuts)
        there = self.ids()
        self.assertEqual(set(there) - set(before), set(made.values()))
        self.assertEqual(len(made.values()), len(set(made.values())))
        self.assertEqual(len(made), len(keys))
        # Once more, past the proxy, on a server that was killed meanwhile.
        self.server.kill()
        self.server.start()
        self.client.close()  # its connection ended with the server
        for key in keys[:5]:
            self.assertEqual(self.create_with(self.server.port, key),
                             made[key])
        other = self.client.create(command_id=keys[0], name="another")
        self.assertEqual(other.status, 422, other)
        self.assertEqual(set(self.ids()), set(there))
        self.remove(made.values())

    def test_with_names_an_official_sdk_finds_what_it_made(self):
        before = self.ids()
        interpreter = clients.python(SDK)
        names = [f"named-{n}" for n in range(CREATES // 2)]
        with self.proxy(names) as proxy:
            def create(part):
                with tempfile.TemporaryDirectory() as folder:
                    answer = subprocess.run(
                        [interpreter, os.path.join(os.path.dirname(
                            os.path.abspath(__file__)), "named_creates.py"),
                         *part], cwd=folder, capture_output=True, text=True,
                        timeout=600, check=False,
                        env={**os.environ,
                             "DAYTONA_API_KEY": self.server.key,
                             "DAYTONA_API_URL":
                                 f"http://127.0.0.1:{proxy.port}/api"})
                self.assertEqual(answer.returncode, 0,
                                 answer.stdout + answer.stderr)
                made.update(json.loads(answer.stdout))

            made = {}
            in_parallel(create, [names[::2], names[1::2]])
        self.assertTrue(all(proxy.cuts.values()), proxy.cuts)
        there = self.ids()
        self.assertEqual({name: there[id] for name, id in made.items()},
                         {name: name for name in names})
        self.assertEqual(set(there) - set(before), set(made.values()))
        self.remove(names)

    def events(self, sandbox_id):
        answer = self.client.request(
            "GET", f"/api/varve/sandboxes/{sandbox_id}/events")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["items"]

    def follow_until(self, sandbox_id, event):
        """Reads the stream of events up to that one; its data."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=TAKEN_BACK)
        self.addCleanup(connection.close)
        connection.request(
            "GET", f"/api/varve/sandboxes/{sandbox_id}/events", headers={
                "Authorization": f"Bearer {self.server.key}",
                "Accept": "text/event-stream"})
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        for line in iter(answer.readline, b""):
            if line.startswith(b"data: "):
                told = json.loads(line[6:])
                if told["type"] == event:
                    return told
        raise AssertionError(f"the stream ended before {event}")

    def lost(self, stage, **body):
        """A create that is cut there; whatever came of it."""
        before = self.ids()
        with CuttingProxy(self.server.port, lambda _: [stage]) as proxy:
            client = Client(proxy.port, self.server.key)
            key = body.pop("key", None)
            with self.assertRaises(Lost):
                client.create(command_id=key, **body)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            new = set(self.ids()) - set(before)
            if new:
                return new.pop()
        raise AssertionError("the server had the whole request")

    def test_what_nobody_can_find_again_is_taken_back(self):
        begun = time.monotonic()
        gone = self.lost("the request")
        kept = [self.lost("the request", name="by-name"),
                self.lost("the request", key=new_command_id())]
        answered = self.client.create()
        self.assertEqual(answered.status, 200, answered)
        kept.append(answered.json["id"])
        told = self.follow_until(gone, "SandboxDestroyRequested")
        self.assertEqual(told["cause"], "client_gone")
        self.assertGreater(time.monotonic() - begun, 55)
        self.follow_until(gone, "SandboxDestroyed")
        # The others were made at the same time.
        there = self.ids()
        for sandbox_id in kept:
            self.assertIn(sandbox_id, there)
            self.assertNotIn("client_gone", [event["cause"] for event
                                             in self.events(sandbox_id)])
        self.assertNotIn(gone, there)
        self.remove(kept)

    def dies_during(self, **body):
        """A create whose runner operation has begun when the server dies."""
        before = self.ids()
        self.client.close()
        self.server.stop()
        self.server.start({"VARVE_CRASH_AT": "create.begun"})
        client = Client(self.server.port, self.server.key)
        key = body.pop("key", None)
        with self.assertRaises(Lost):
            client.create(command_id=key, **body)
        self.server.wait_for_exit(10)
        self.server.start()
        new = set(self.ids()) - set(before)
        self.assertEqual(len(new), 1)
        return new.pop()

    def test_what_a_server_died_before_answering_is_taken_back(self):
        kept = [self.dies_during(name="died-by-name"),
                self.dies_during(key=new_command_id())]
        gone = self.dies_during()
        begun = time.monotonic()
        answered = self.client.create()
        self.assertEqual(answered.status, 200, answered)
        kept.append(answered.json["id"])
        self.client.close()
        self.server.kill()  # what was answered stays
        self.server.start()
        told = self.follow_until(gone, "SandboxDestroyRequested")
        self.assertEqual(told["cause"], "client_gone")
        self.assertGreater(time.monotonic() - begun, 45)
        self.follow_until(gone, "SandboxDestroyed")
        for sandbox_id in kept:
            self.assertNotIn("client_gone", [event["cause"] for event
                                             in self.events(sandbox_id)])
        there = self.ids()
        self.assertEqual(set(there) & {*kept, gone}, set(kept))
        self.remove(kept)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments, rest = parser.parse_known_args()
    BUILD = arguments.build
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
