"""What the command line tells of the past of a real server: the log's
records by choice, every sandbox as it was at a moment, and whether the read
models follow from the log."""

import argparse
import json
import os
import random
import subprocess
import sys
import time
import unittest
from datetime import datetime, timezone

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))

from harness.client import Client  # noqa: E402
from harness.own_server import own_server  # noqa: E402

BUILD = ""
SANDBOXES = 3
ROUNDS = 8
MOMENTS = {"ci": 20, "full": 1000}[os.environ.get("VARVE_TEST_LENGTH", "ci")]
WATCHED = ("name", "state", "labels", "autoStopInterval", "public")


def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


class Past(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(own_server(BUILD))
        cls.client = Client(cls.server.port, cls.server.key)
        cls.addClassCleanup(cls.client.close)
        cls.seen = []  # (time, id, what an observer saw)
        cls.ids = []
        for number in range(SANDBOXES):
            answer = cls.client.create(name=f"past-{number}")
            assert answer.status == 200, answer
            cls.ids.append(answer.json["id"])
        cls.live()

    @classmethod
    def live(cls):
        """Changes, each seen by an observer when it is done."""
        for turn in range(ROUNDS):
            for sandbox in cls.ids:
                cls.change(sandbox, turn)
                cls.observe()
        for sandbox in cls.ids[:1]:
            answer = cls.client.request("DELETE", f"/api/sandbox/{sandbox}")
            assert answer.status == 200, answer
            cls.observe()

    @classmethod
    def change(cls, sandbox, turn):
        path, body = random.choice((
            ("labels", {"labels": {"turn": str(turn)}}),
            (f"autostop/{turn + 1}", None),
            (f"public/{'true' if turn % 2 else 'false'}", None),
            ("stop" if turn % 2 else "start", None)))
        method = "PUT" if path == "labels" else "POST"
        answer = cls.client.request(method, f"/api/sandbox/{sandbox}/{path}",
                                    body)
        assert answer.status == 200, (path, answer)

    @classmethod
    def observe(cls):
        """All of them at one moment, at which nothing changes."""
        time.sleep(0.002)
        at = now()
        for sandbox in cls.ids:
            answer = cls.client.request("GET", f"/api/sandbox/{sandbox}")
            found = answer.json if answer.status == 200 else None
            cls.seen.append((at, sandbox, found))
        time.sleep(0.002)

    def varve(self, *arguments, fails=False):
        answer = subprocess.run(
            [self.server.binaries.varve, *arguments, "--data",
             self.server.data], capture_output=True, text=True, timeout=120,
            check=False)
        self.assertEqual(answer.returncode != 0, fails, answer)
        return answer.stderr if fails else answer.stdout

    def lines(self, *arguments):
        return [json.loads(line)
                for line in self.varve(*arguments).splitlines()]

    def test_every_moment_is_as_an_observer_saw_it(self):
        picks = random.Random(4711)
        for at, sandbox, found in picks.choices(self.seen, k=MOMENTS):
            [told] = self.lines("replay", "--at", at, "--sandbox", sandbox)
            if found is None:
                self.assertEqual(told["state"], "destroyed")
                continue
            for field in WATCHED:
                self.assertEqual(told[field], found[field],
                                 (at, sandbox, field))

    def test_all_aggregates_at_a_moment(self):
        at, _, _ = self.seen[0]
        told = self.lines("replay", "--at", at)
        kinds = {line["kind"] for line in told}
        self.assertEqual(kinds, {"sandbox", "snapshot", "runner",
                                 "organization", "apiKey"})
        self.assertEqual({line["id"] for line in told
                          if line["kind"] == "sandbox"}, set(self.ids))
        self.assertIn("by then", self.varve(
            "replay", "--at", "2020-01-01T00:00:00Z", "--sandbox",
            self.ids[0], fails=True))
        self.assertEqual(self.lines("replay", "--at", "2020-01-01"), [])

    def test_records_by_choice(self):
        sandbox = self.ids[1]
        own = self.lines("log", "dump", "--aggregate", sandbox)
        self.assertTrue(own)
        versions = [entry["version"] for record in own
                    for entry in record["entries"]
                    if entry["aggregate_id"] == sandbox]
        self.assertEqual(versions, list(range(1, len(versions) + 1)))
        made = self.lines("log", "dump", "--event", "SandboxCreated")
        self.assertEqual(len(made), SANDBOXES)
        self.assertEqual(made, self.lines("log", "dump", "--event",
                                          "SandboxCreated", "--cause", "User"))
        organization = made[0]["organization_id"]
        self.assertGreaterEqual(
            len(self.lines("log", "dump", "--organization", organization)),
            len(own))
        middle = self.seen[len(self.seen) // 2][0]
        before = self.lines("log", "dump", "--until", middle)
        after = self.lines("log", "dump", "--since", middle)
        self.assertTrue(before and after)
        self.assertEqual(len(before) + len(after),
                         len(self.lines("log", "dump")))

    def test_the_tail_the_heads_and_the_counts(self):
        everything = self.lines("log", "dump")
        newest = self.lines("log", "tail", "--limit", "5")
        self.assertEqual([record["time"] for record in newest],
                         sorted(r["time"] for r in everything)[-5:])
        heads = self.lines("log", "heads")
        self.assertEqual(sum(head["records"] for head in heads),
                         len(everything))
        [stats] = self.lines("log", "stats")
        self.assertEqual(stats["records"], len(everything))
        counts = {one["name"]: one["count"] for one in stats["events"]}
        self.assertEqual(counts["SandboxCreated"], SANDBOXES)
        self.assertEqual(sum(one["count"] for one in stats["causes"]),
                         len(everything))

    def test_the_read_models_follow_from_the_log(self):
        self.assertIn("the same", self.varve("replay", "--check"))

    def test_what_makes_no_sense_is_refused(self):
        for arguments, needle in (
                (("log", "dump", "--event", "None such"), "--event"),
                (("log", "dump", "--cause", "user"), "--cause"),
                (("log", "dump", "--since", "yesterday"), "--since"),
                (("log", "heads", "--since", "2026-01-01"), "whole log"),
                (("log", "tail", "--limit", "0"), "--limit"),
                (("log", "heads", "--at", "2026-01-01"), "replay"),
                (("key", "list", "--event", "SandboxFailed"), "varve log"),
                (("replay",), "usage"), (("replay", "--at", "now"), "--at"),
                (("replay", "--check", "--at", "2026-01-01"), "usage")):
            with self.subTest(arguments):
                self.assertIn(needle, self.varve(*arguments, fails=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments, rest = parser.parse_known_args()
    BUILD = arguments.build
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
