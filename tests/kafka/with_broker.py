#!/usr/bin/env python3
"""Runs a command beside one real Apache Kafka broker (KRaft, loopback only).

  with_broker.py --cache DIR -- COMMAND ARGS...

The command finds the broker in VARVE_KAFKA_BROKERS and may kill the process
named in the file VARVE_KAFKA_PID: it is started again on the same data and
ports, once no file VARVE_KAFKA_HOLD is there. Everything is stopped and removed at the end; the exit code is the
command's. Without Maven or Java this fails.
"""
import argparse
import base64
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
START_LIMIT = 90
JAVA = ["java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]


def say(text):
    print("with_broker: " + text, file=sys.stderr, flush=True)


def resolve_jars(cache):
    """The broker's jars, resolved once for this pom."""
    jars = os.path.join(cache, "jars")
    pom = os.path.join(HERE, "pom.xml")
    stamp = os.path.join(cache, "pom.xml")
    if os.path.exists(stamp) and open(stamp).read() == open(pom).read():
        return jars
    for tool in ("mvn", "java"):
        if not shutil.which(tool):
            sys.exit("with_broker: %s is missing" % tool)
    say("resolving the broker's jars")
    shutil.rmtree(jars, ignore_errors=True)
    os.makedirs(jars)
    subprocess.run(["mvn", "-q", "-B", "-f", pom,
                    "dependency:copy-dependencies", "-DincludeScope=runtime",
                    "-DoutputDirectory=" + jars],
                   check=True, timeout=600, stdout=sys.stderr)
    shutil.copy(pom, stamp)
    return jars


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Broker:
    def __init__(self, jars, home):
        self.class_path = os.path.join(jars, "*")
        self.home = home
        self.pid_file = os.path.join(home, "broker.pid")
        self.hold_file = os.path.join(home, "hold")
        self.port, self.controller = free_ports(2)
        self.settings = os.path.join(home, "server.properties")
        self.process = None
        self.stopping = False
        self.watcher = None

    def configure(self):
        with open(self.settings, "w") as out:
            out.write("\n".join([
                "process.roles=broker,controller",
                "node.id=1",
                "controller.quorum.voters=1@127.0.0.1:%d" % self.controller,
                "listeners=PLAINTEXT://127.0.0.1:%d,"
                "CONTROLLER://127.0.0.1:%d" % (self.port, self.controller),
                "advertised.listeners=PLAINTEXT://127.0.0.1:%d" % self.port,
                "controller.listener.names=CONTROLLER",
                "log.dirs=" + os.path.join(self.home, "logs"),
                "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "log.cleaner.enable=false",
                "num.network.threads=2",
                "num.io.threads=2",
                ""]))
        # Must not begin with a dash.
        cluster = "v" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:]
        subprocess.run(JAVA + ["-cp", self.class_path,
                               "kafka.tools.StorageTool", "format",
                               "-t", cluster.rstrip("="), "-c", self.settings],
                       check=True, timeout=START_LIMIT, stdout=sys.stderr)

    def start(self):
        out = open(os.path.join(self.home, "out"), "ab")
        self.process = subprocess.Popen(
            JAVA + ["-cp", self.class_path, "kafka.Kafka", self.settings],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            preexec_fn=die_with_parent)
        out.close()
        with open(self.pid_file + ".new", "w") as out:
            out.write(str(self.process.pid))
        os.rename(self.pid_file + ".new", self.pid_file)
        self.wait_until_up()

    def wait_until_up(self):
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self.process.poll() is not None and not self.stopping:
                raise RuntimeError("the broker ended: " + self.last_words())
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the broker did not start: " + self.last_words())

    def last_words(self):
        with open(os.path.join(self.home, "out"), errors="replace") as f:
            return f.read()[-2000:]

    def watch(self):
        """Starts it again whenever the command killed it."""
        def run():
            while not self.stopping:
                self.process.wait()
                while os.path.exists(self.hold_file) and not self.stopping:
                    time.sleep(0.05)
                if not self.stopping:
                    say("the broker was killed, starting it again")
                    self.start()
        self.watcher = threading.Thread(target=run, daemon=True)
        self.watcher.start()

    def stop(self):
        self.stopping = True
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


def run(command, broker):
    environment = dict(os.environ,
                       VARVE_KAFKA_BROKERS="127.0.0.1:%d" % broker.port,
                       VARVE_KAFKA_PID=broker.pid_file,
                       VARVE_KAFKA_HOLD=broker.hold_file)
    return subprocess.run(command, env=environment,
                          preexec_fn=die_with_parent).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    jars = resolve_jars(os.path.abspath(asked.cache))
    home = tempfile.mkdtemp(prefix="varve-kafka-")
    broker = Broker(jars, home)
    try:
        broker.configure()
        broker.start()
        broker.watch()
        code = run(asked.command, broker)
    finally:
        broker.stop()
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
