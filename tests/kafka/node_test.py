"""One node whose log is a topic of a real broker: official clients, death of
the node, death of the broker, a data directory that is lost, and the way from
the embedded log to Kafka and back."""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, TESTS)
sys.path.insert(0, os.path.join(TESTS, "sdk"))

import broker  # noqa: E402
from api_server import environment_for  # noqa: E402
from harness.client import Client, Lost, new_command_id  # noqa: E402
from harness.server import Refused  # noqa: E402
from node import Node, follows  # noqa: E402

BUILD = ""
CLIENT = "typescript/daytona-0.216.0"
SDK_LIMIT = 300
BACK_LIMIT = 60


def eventually(what, limit=BACK_LIMIT):
    """What it gives once that is true."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {limit} s")


class OneNode(unittest.TestCase):
    def node(self, log=None):
        made = Node(BUILD, log)
        self.addCleanup(made.leave)
        return made

    def started(self, log=None):
        made = self.node(log)
        made.start()
        return made

    def client(self, node, timeout=60):
        made = Client(node.port, node.key, timeout)
        self.addCleanup(made.close)
        return made

    def test_an_official_client_and_the_death_of_the_node(self):
        node = self.started(broker.fresh_topic())
        self.assertIn("one copy of each partition", node.log_tail())
        done = subprocess.run(
            [sys.executable, os.path.join(TESTS, "sdk", "sdk.py"), CLIENT,
             "--build", BUILD, "--server-from-env"],
            env=environment_for(node), timeout=SDK_LIMIT, check=False)
        self.assertEqual(done.returncode, 0, node.log_tail())
        self.killed_under_load(node)
        self.log_directory_lost(node)
        self.another_node_takes_over(node)

    def killed_under_load(self, node):
        """kill -9 while labels are written: what was answered is there."""
        client = self.client(node)
        made = client.create(name="victim")
        self.assertEqual(made.status, 200, made)
        sandbox = made.json["id"]
        answered = []

        def write():
            mine = Client(node.port, node.key)
            with contextlib.suppress(Lost):
                for turn in range(100_000):
                    answer = mine.request(
                        "PUT", f"/api/sandbox/{sandbox}/labels",
                        {"labels": {"turn": str(turn)}}, new_command_id())
                    if answer.status == 200:
                        answered.append(turn)
            mine.close()

        writer = threading.Thread(target=write)
        writer.start()
        eventually(lambda: len(answered) > 20)
        node.kill()
        writer.join()
        before = node.records()
        node.start()
        client.close()
        answer = client.get(sandbox)
        self.assertEqual(answer.status, 200, answer)
        self.assertGreaterEqual(int(answer.json["labels"]["turn"]),
                                answered[-1])
        self.assertEqual(client.execute(sandbox, "echo alive").status, 200)
        self.assertTrue(follows(before, node.records()))

    def log_directory_lost(self, node):
        """All of the log's copy, not the keys: built from the topic again."""
        client = self.client(node)
        node.stop()
        before = node.records()
        shutil.rmtree(os.path.join(node.data, "log"))
        node.start()
        self.assertTrue(follows(before, node.records()))
        states = {item["name"]: item["state"]
                  for item in client.every_sandbox()}
        self.assertEqual(states["victim"], "started")
        code, out, err = node.command("replay", "--check")
        self.assertEqual(code, 0, out + err)

    def another_node_takes_over(self, node):
        """The older says who has the log, and acknowledges nothing."""
        client = self.client(node)
        [sandbox] = [item["id"] for item in client.every_sandbox()
                     if item["name"] == "victim"]
        other = self.started(node.topic)

        def refused():
            answer = client.request("PUT", f"/api/sandbox/{sandbox}/labels",
                                    {"labels": {"whose": "older"}})
            return answer if answer.status != 200 else None
        answer = eventually(refused)
        self.assertIn(answer.status, (503, 504))
        eventually(lambda: "owned by node node-" in node.log_tail())
        self.assertEqual(client.get(sandbox).status, 200)
        other.stop()
        self.assertTrue(follows(node.records(), other.records()))
        last = [line for line in other.records() if '"older"' in line]
        self.assertEqual(last, [])

    def test_the_broker_dies_and_comes_back(self):
        node = self.started(broker.fresh_topic())
        client = self.client(node)
        made = client.create(name="steady")
        self.assertEqual(made.status, 200, made)
        sandbox = made.json["id"]
        label = f"/api/sandbox/{sandbox}/labels"

        def set_label(value):
            return client.request("PUT", label, {"labels": {"is": value}})
        self.assertEqual(set_label("first").status, 200)
        refused = []  # labels

        def refusal():
            """A 503, once it comes; until then it may still happen."""
            label = f"refused-{time.monotonic_ns()}"
            answer = set_label(label)
            self.assertIn(answer.status, (503, 504), answer)
            if answer.status == 503:
                refused.append(label)
                return answer
            return None
        for gone in (broker.killed, broker.stopped):
            with gone():
                answer = eventually(refusal)
                self.assertIn("Retry-After", answer.headers)
                read = client.get(sandbox)
                self.assertEqual(read.status, 200)
                self.assertEqual(read.json["labels"], {"is": "first"})
                self.assertEqual(
                    client.execute(sandbox, "echo alive").status, 200)
            eventually(lambda: set_label("first").status == 200)
            self.assertEqual(client.get(sandbox).json["labels"],
                             {"is": "first"})
        node.stop()
        self.assertEqual(len(refused), 2)
        self.assertFalse([line for line in node.records()
                          if any(label in line for label in refused)])

    def test_a_topic_is_refused_by_name(self):
        node = self.node("kafka://127.0.0.1:1/varve.events")
        with self.assertRaises(Refused) as refused:
            node.start()
        self.assertIn("kafka", refused.exception.output)
        node.options = ["--log", broker.fresh_topic() + "?acks=1"]
        with self.assertRaises(Refused) as refused:
            node.start()
        self.assertIn("acks", refused.exception.output)

    def move(self, node, source, target):
        code, out, err = node.command("log", "copy", "--from", source,
                                      "--to", target)
        self.assertEqual(code, 0, out + err)

    def test_the_log_moves_to_kafka_and_back(self):
        node = self.started()
        client = self.client(node)
        made = client.create(name="mover", env={"WHO": "sealed"})
        self.assertEqual(made.status, 200, made)
        sandbox = made.json["id"]
        client.close()
        node.stop()
        here, topic = "embedded://" + node.data, broker.fresh_topic()
        embedded = node.records()
        self.move(node, here, topic)
        self.refuses_to_start(node, "belongs to the log at kafka:")
        node.options = ["--log", topic]
        node.start()
        self.assertTrue(follows(embedded, node.records()))
        self.lives_on(client, sandbox, "kafka")
        node.stop()
        on_kafka = node.records()
        self.move(node, topic, here)
        self.refuses_to_start(node, "belongs to the log at embedded:")
        node.options = []
        node.start()
        self.assertTrue(follows(on_kafka, node.records()))
        self.lives_on(client, sandbox, "embedded")
        code, out, err = node.command("log", "verify")
        self.assertEqual(code, 0, out + err)

    def lives_on(self, client, sandbox, label):
        answer = client.request("PUT", f"/api/sandbox/{sandbox}/labels",
                                {"labels": {"log": label}})
        self.assertEqual(answer.status, 200, answer)
        answer = client.execute(sandbox, "echo $WHO")
        self.assertEqual(answer.json["result"].strip(), "sealed")
        client.close()

    def refuses_to_start(self, node, words):
        with self.assertRaises(Refused) as refused:
            node.start()
        self.assertIn(words, refused.exception.output)

    def test_a_copy_is_the_same_bytes(self):
        node = self.started()
        client = self.client(node)
        for number in range(3):
            self.assertEqual(client.create(name=f"copied-{number}").status,
                             200)
        client.close()
        node.stop()
        before = node.records()
        topic = broker.fresh_topic()
        self.move(node, "embedded://" + node.data, topic)
        other = self.node()
        # Whoever has it at the topic may go on, and so may be moved again.
        self.move(other, topic, "embedded://" + other.data)
        self.assertTrue(follows(before, other.records()))
        self.assertTrue(follows(node.records(), other.records()))
        code, _, err = node.command("log", "copy", "--from", topic, "--to",
                                    "embedded://" + node.data)
        self.assertNotEqual(code, 0)
        self.assertIn("moved", err)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    chosen, left = parser.parse_known_args()
    BUILD = os.path.abspath(chosen.build)
    unittest.main(argv=[sys.argv[0], *left], verbosity=2)
