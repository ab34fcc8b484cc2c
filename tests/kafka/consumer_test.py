"""The consumer that integrators are shown, beside a node and with void
records on the topic: it prints what counts, each record once."""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests"))
sys.path.insert(0, os.path.join(ROOT, "tests", "sdk"))

import broker  # noqa: E402
import clients  # noqa: E402
from harness.client import Client  # noqa: E402
from node import Node  # noqa: E402

BUILD = ""
CONSUMER = os.path.join(ROOT, "ops", "docs", "log_consumer.py")
LIMIT = 60

# Writes the n-th record of a partition to its end once more: a void copy.
COPY_LATE = """
import sys
from confluent_kafka import Consumer, Producer, TopicPartition
brokers, topic, partition = sys.argv[1], sys.argv[2], int(sys.argv[3])
reader = Consumer({"bootstrap.servers": brokers, "group.id": "x"})
reader.assign([TopicPartition(topic, partition, 1)])
frame = reader.poll(30).value()
writer = Producer({"bootstrap.servers": brokers})
writer.produce(topic, frame, partition=partition)
sys.exit(writer.flush(30))
"""


def python():
    """An interpreter with the client that the page names."""
    lock = os.path.join(HERE, "confluent-kafka.txt")
    folder = clients.place("python", "confluent-kafka", lock)
    if not os.path.exists(os.path.join(folder, "complete")):
        clients.install_python(folder, ["--requirement", lock])
    return os.path.join(folder, "bin", "python")


class TheConsumer(unittest.TestCase):
    def setUp(self):
        self.python = python()
        self.node = Node(BUILD, broker.fresh_topic())
        self.addCleanup(self.node.leave)
        self.node.start()
        self.client = Client(self.node.port, self.node.key)
        self.addCleanup(self.client.close)
        self.folder = self.enterContext(
            tempfile.TemporaryDirectory(prefix="varve-consumer-"))
        self.topic = self.node.topic.rsplit("/", 1)[1]

    @contextlib.contextmanager
    def consumer(self, printed):
        with open(printed, "ab") as out, subprocess.Popen(
                [self.python, CONSUMER, broker.BROKERS, self.topic,
                 os.path.join(self.folder, "state")], stdout=out) as process:
            try:
                yield
                self.assertIsNone(process.poll())
            finally:
                process.kill()

    def expected(self):
        return sorted((r["partition"], r["index"], r["hash"])
                      for r in self.node.parsed_records())

    def await_all(self, printed):
        wanted, found = self.expected(), []
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and len(found) < len(wanted):
            time.sleep(0.1)
            with open(printed, encoding="ascii") as file:
                found = sorted((int(p), int(i), h) for p, i, h in
                               (line.split() for line in file))
        self.assertEqual(found, wanted)

    def write_void(self, sandbox):
        [partition] = {r["partition"] for r in self.node.parsed_records()
                       if any(e["aggregate_id"] == sandbox
                              for e in r["entries"])}
        subprocess.run([self.python, "-c", COPY_LATE, broker.BROKERS,
                        self.topic, str(partition)], check=True, timeout=LIMIT)

    def label(self, sandbox, value):
        answer = self.client.request("PUT", f"/api/sandbox/{sandbox}/labels",
                                     {"labels": {"n": value}})
        self.assertEqual(answer.status, 200, answer)

    def test_it_prints_what_counts_once(self):
        made = self.client.create(name="watched")
        self.assertEqual(made.status, 200, made)
        sandbox = made.json["id"]
        printed = os.path.join(self.folder, "printed")
        with self.consumer(printed):
            self.await_all(printed)
            # Its last message is void when it ends.
            self.write_void(sandbox)
            time.sleep(1)
        self.label(sandbox, "behind the void")
        with self.consumer(printed):
            self.await_all(printed)
            self.write_void(sandbox)
            self.label(sandbox, "and on")
            self.await_all(printed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    chosen, left = parser.parse_known_args()
    BUILD = os.path.abspath(chosen.build)
    unittest.main(argv=[sys.argv[0], *left], verbosity=2)
