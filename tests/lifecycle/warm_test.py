#!/usr/bin/env python3
"""Sandboxes that wait for creates: taken, refilled, shed, never leaked.

Each trial has a server of its own, so that what waits can be counted.
"""

import argparse
import errno
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness import kernel_view  # noqa: E402  (needs the path)
from harness.client import Client  # noqa: E402
from harness.server import Binaries, Server  # noqa: E402

LIMIT = 60


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


class Stand:
    """A server with so many that may wait; clean afterwards."""

    def __init__(self, build, count):
        self.server = Server(Binaries(build), ["--warm-count", str(count)])

    def __enter__(self):
        try:
            self.server.start()
        except BaseException:
            self.__exit__()
            raise
        self.client = Client(self.server.port, self.server.key)
        return self

    def __exit__(self, *_):
        marks = self.server.marks
        self.server.kill(signal.SIGTERM)
        code, output, errors = self.server.purge()
        left = kernel_view.traces(marks)
        self.server.remove_home()
        expect(code == 0 and not left, f"{code} {output}{errors} {left}")

    def request(self, method, path, body=None, status=200):
        answer = self.client.request(method, path, body)
        expect(answer.status == status, f"{method} {path}: {answer}")
        return answer.json if answer.body else None

    def waiting(self):
        """Ids of those that have files, however far they are."""
        folder = os.path.join(self.server.data, "sandboxes")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return sorted(name for name in names if name.startswith("warm-"))

    def create(self, **body):
        """The sandbox, and whether it had been waiting."""
        shown = self.request("POST", "/api/sandbox", body)
        expect(shown["state"] == "started", f"it is {shown['state']}")
        events = self.request(
            "GET", f"/api/varve/sandboxes/{shown['id']}/events")["items"]
        started = [e for e in events if e["type"] == "SandboxStarted"]
        expect(len(started) == 1, f"its events are {events}")
        return shown, bool(started[0]["data"].get("warm"))

    def create_warm(self, **body):
        """Those that wait are made meanwhile: until one is taken."""
        until = time.monotonic() + LIMIT
        while True:
            shown, warm = self.create(**body)
            if warm:
                return shown
            expect(time.monotonic() < until, "no create ever takes one")
            self.request("DELETE", f"/api/sandbox/{shown['id']}")
            time.sleep(0.3)

    def run(self, box, command):
        answer = self.client.execute(box["id"], command)
        expect(answer.status == 200, f"{command}: {answer}")
        return answer.json["result"].strip()

    def wait_for_count(self, count):
        until = time.monotonic() + LIMIT
        while len(self.waiting()) != count:
            expect(time.monotonic() < until,
                   f"{len(self.waiting())} wait and not {count}")
            time.sleep(0.1)

    def restart(self, count):
        self.server.kill()
        self.client.close()
        self.server.options = ["--warm-count", str(count)]
        self.server.start()


def taken_and_refilled(build):
    with Stand(build, 2) as stand:
        box = stand.create_warm(
            name="mine", env={"SECRET": "s3cr3t-value"}, labels={"a": "b"},
            user="root", networkAllowList="8.8.8.0/24", autoStopInterval=7)
        expect(box["name"] == "mine" and box["labels"] == {"a": "b"},
               f"it is shown as {box}")
        expect(box["autoStopInterval"] == 7, "its timer is another")
        expect(stand.run(box, "printenv SECRET DAYTONA_SANDBOX_ID; hostname; "
                         "cat /etc/hostname; id -un").split("\n") ==
               ["s3cr3t-value", box["id"], box["id"], box["id"], "root"],
               "inside it is not its own")
        inside = stand.run(box, "cat /sys/fs/cgroup/memory/"
                           "memory.limit_in_bytes /sys/fs/cgroup/memory.max "
                           "2>/dev/null")
        expect(inside == str(box["memory"] << 30), f"inside it has {inside}")
        no_secret_on_disk(stand.server)
        stand.run(box, "echo mine > /tmp/mine")
        stand.wait_for_count(2)
        other = stand.create_warm()
        expect(stand.run(other, "ls /tmp/mine; printenv SECRET; true") in
               ("", "ls: cannot access '/tmp/mine': No such file or directory"),
               "the next sees what was the first's")
        shown = [one["id"] for one in stand.client.every_sandbox()]
        expect(not [one for one in shown if one.startswith("warm-")],
               "those that wait are listed")


def no_secret_on_disk(server):
    for folder, _, files in os.walk(server.data):
        if "/images" in folder or "/upper" in folder:
            continue
        for name in files:
            path = os.path.join(folder, name)
            if not os.path.isfile(path) or os.path.islink(path):
                continue
            expect(not holds(path, b"s3cr3t-value"), f"{path} holds it")


def holds(path, secret):
    """Whether it is in a file; of images of disks, which are large and mostly
    holes, only the data is read."""
    with open(path, "rb") as file:
        number, at = file.fileno(), 0
        while True:
            try:
                at = os.lseek(number, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return False
            end = os.lseek(number, at, os.SEEK_HOLE)
            if secret in os.pread(number, end - at, at):
                return True
            at = end


def killed_servers_leak_nothing(build):
    with Stand(build, 2) as stand:
        box = stand.create_warm(env={"A": "1"})
        stand.wait_for_count(2)
        before = stand.waiting()
        stand.restart(2)
        expect(stand.run(box, "printenv A") == "1", "the claimed one is lost")
        expect(set(before) <= set(stand.waiting()),
               "those that waited do not go on waiting")
        stand.restart(0)
        expect(not stand.waiting(), "some wait although none shall")
        expect(stand.run(box, "printenv A") == "1", "the claimed one is lost")
        left = [p for p in kernel_view.processes_with(stand.server.marks)
                if "warm-" in p.command and box["id"] not in
                os.listdir(os.path.join(stand.server.data, "sandboxes"))]
        expect(not left, f"left running: {left}")
        stand.request("POST", f"/api/sandbox/{box['id']}/stop")
        stand.request("POST", f"/api/sandbox/{box['id']}/start")
        expect(stand.run(box, "printenv A; hostname").split() ==
               ["1", box["id"]], "stopped and started it is another")


def off_means_none(build):
    with Stand(build, 0) as stand:
        for _ in range(2):
            _, warm = stand.create()
            expect(not warm, "one had been waiting")
        expect(not stand.waiting(), "some wait")
        stand.request("POST", "/api/warm-pools",
                      {"snapshot": "varve/base", "pool": 1}, status=422)


def explicit_pools(build):
    with Stand(build, 3) as stand:
        made = stand.request("POST", "/api/warm-pools",
                             {"snapshot": "varve/base", "pool": 2}, status=201)
        expect(made["pool"] == 2 and made["snapshot"] == "varve/base",
               f"made is {made}")
        stand.request("POST", "/api/warm-pools",
                      {"snapshot": "varve/base", "pool": 1}, status=409)
        stand.request("POST", "/api/warm-pools",
                      {"snapshot": "nowhere", "pool": 1}, status=404)
        until = time.monotonic() + LIMIT
        while stand.request("GET", "/api/warm-pools")[0]["currentSize"] != 2:
            expect(time.monotonic() < until, "the pool does not fill")
            time.sleep(0.1)
        _, warm = stand.create()
        expect(warm, "the first create does not take one")
        path = f"/api/warm-pools/{made['id']}"
        expect(stand.request("PATCH", path, {"pool": 0})["pool"] == 0,
               "it keeps its size")
        stand.request("DELETE", path, status=204)
        stand.request("DELETE", path, status=404)
        expect(stand.request("GET", "/api/warm-pools") == [], "it is listed")


TRIALS = (taken_and_refilled, killed_servers_leak_nothing, off_means_none,
          explicit_pools)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failures = 0
    for trial in TRIALS:
        try:
            trial(os.path.abspath(options.build))
            print(f"ok {trial.__name__}", flush=True)
        except Exception as problem:  # the others go on
            failures += 1
            print(f"FAILED {trial.__name__}: {type(problem).__name__}: "
                  f"{problem}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
