#!/usr/bin/env python3
"""The server ends between every two steps of every runner operation.

The command was on the log before its first step, so after the next start its
operation is carried out to the end, and nothing of the first try is left.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

from options import guarded, parse  # first: it finds the other folders

import checks
import log_fold
from harness import kernel_view
from harness.client import Client, Lost, new_command_id
from harness.server import Server

CRASH_LIMIT = 30  # seconds until the crash point is reached
CRASHED = 137
# Where a monitor is at work that outlives the server.
HALF_STARTED = ("monitor", "joined", "network", "mounts", "started", "ready")
AIM = {"create": "started", "start": "started", "stop": "stopped",
       "destroy": "absent", "pause": "paused", "resume": "started",
       "adjust": "started", "archive": "archived", "restore": "started",
       "fork": "started"}


class Trial:
    def __init__(self, server, report):
        self.server, self.report = server, report
        self.client = Client(server.port, server.key)
        self.slowest = 0.0
        self.bystander = self.good(self.client.create(name="bystander"))["id"]
        self.before = self.bystander_process()

    @staticmethod
    def good(answer):
        if answer.status != 200:
            raise RuntimeError(f"answered {answer}")
        return answer.json

    def bystander_process(self):
        found = kernel_view.first_processes([self.bystander])
        return {key: process.identity for key, process in found.items()}

    def restart(self, environment=None):
        self.server.kill()
        self.client.close()
        self.server.start(environment)

    def prepare(self, operation, name):
        if operation == "create":
            return
        if operation == "fork":
            self.good(self.client.create(name=f"of-{name}", env={"A": "1"}))
            return
        self.good(self.client.create(name=name, env={"A": "1"}))
        if operation in ("start", "archive", "restore"):
            self.good(self.client.act(name, "stop"))
        if operation == "restore":
            self.good(self.client.act(name, "archive"))
            checks.nothing_transitional(self.client, self.report,
                                        time.monotonic())
        if operation == "resume":
            self.good(self.client.act(name, "pause"))

    def ask(self, operation, name, command_id):
        client = Client(self.server.port, self.server.key)
        try:
            if operation == "create":
                client.create(command_id, name=name, env={"A": "1"})
            elif operation == "destroy":
                client.delete(name, command_id)
            elif operation == "adjust":
                cpu = client.get(name).json["cpu"]
                client.resize(name, {"cpu": cpu + 1}, command_id)
            elif operation == "fork":
                client.request("POST", f"/api/sandbox/of-{name}/fork",
                               {"name": name}, command_id)
            elif operation in ("resume", "restore"):
                client.act(name, "start", command_id)
            else:
                client.act(name, operation, command_id)
        except Lost:
            pass  # as it must be
        client.close()

    def crash(self, point, operation, name):
        """Asks for the operation; the server must end at the point."""
        command_id = new_command_id()
        asking = threading.Thread(
            target=self.ask, args=(operation, name, command_id), daemon=True)
        asking.start()
        try:
            code = self.server.wait_for_exit(CRASH_LIMIT)
            self.report.expect(code == CRASHED, f"{point}: ended with {code}")
        except subprocess.TimeoutExpired:
            self.report.expect(False, f"{point}: never reached")
        asking.join(timeout=CRASH_LIMIT)

    def judge(self, point, name, aim):
        begun = time.monotonic()
        listed = checks.nothing_transitional(self.client, self.report, begun)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        answer = self.client.get(name)
        state = answer.json["state"] if answer.status == 200 else "absent"
        self.report.expect(state == aim, f"{point}: {name} is {state}, not "
                                         f"{aim}: {answer}")
        if point.startswith("adjust.") and state == "started":
            self.report.expect(answer.json["cpu"] == 2,
                               f"{point}: it has {answer.json['cpu']} cpu")
        if state == "started":
            done = self.client.execute(answer.json["id"], "printenv A")
            self.report.expect(done.status == 200 and
                               done.json["result"].strip() == "1",
                               f"{point}: exec answered {done}")
        fold = log_fold.read(self.server)
        self.report.problems += [f"{point}: {p}" for p in fold.problems]
        checks.api_agrees(fold, listed, self.report)
        checks.kernel_agrees(fold, self.server, self.report)
        self.report.expect(self.bystander_process() == self.before,
                           f"{point}: the bystander is another process")

    def kill_orphans(self, *others):
        """What the server left running of anything but the bystander and
        others that nothing happens to."""
        spared = (self.bystander, *others)
        for process in kernel_view.processes_with(self.server.marks):
            place = process.cgroups + process.command
            if not any(sandbox in place for sandbox in spared):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)

    def try_point(self, number, point, alone):
        """`alone`: only the server ends; else what it had started as well."""
        operation, _, _ = point.partition(".")
        name = f"p{number}" if alone else f"q{number}"
        self.prepare(operation, name)
        self.restart({"VARVE_CRASH_AT": point})
        source = (self.client.get(f"of-{name}").json["id"]
                  if operation == "fork" else None)
        self.crash(point, operation, name)
        if not alone:
            self.kill_orphans(*filter(None, [source]))
        self.restart()
        self.judge(point, name, AIM[operation])
        if AIM[operation] != "absent":
            self.good(self.client.delete(name))
        if source:
            done = self.client.execute(source, "printenv A")
            self.report.expect(done.status == 200,
                               f"{point}: its source answers {done}")
            self.good(self.client.delete(f"of-{name}"))
        fold = log_fold.read(self.server)
        checks.nothing_left_of(set(fold.sandboxes) - {self.bystander},
                               self.server, self.report)


def crash_points(options):
    listing = subprocess.run([f"{options.build}/tests/crash/crash_points"],
                             capture_output=True, text=True, check=True,
                             timeout=60)
    return listing.stdout.split()


def trial(options, report):
    points = [point for point in crash_points(options)
              if options.only in (None, point)]
    report.expect(points, "there are no crash points")
    server = Server(options.binaries)
    with guarded(server, report):
        server.start()
        attempt = Trial(server, report)
        for number, point in enumerate(points):
            attempt.try_point(number, point, alone=True)
            if point.partition(".")[2] in HALF_STARTED:
                attempt.try_point(number, point, alone=False)
        report.figure("slowest to settle, s", round(attempt.slowest, 2))
    report.figure("crash points", len(points))


if __name__ == "__main__":
    sys.exit(parse(__doc__).run("killed between two steps", trial))
