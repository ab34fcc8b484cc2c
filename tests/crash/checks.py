"""What must hold of a server that has been killed and has come back."""

import os
import subprocess
import time

import log_fold
from workload import MOVING
from harness import kernel_view

# What names the server, its lock and its addresses: no data, no secret.
KEPT_BY_PURGE = {"instance", "lock", "network", "runner_id"}
SETTLED_WITHIN = 15  # seconds after the last start


class Report:
    """Problems and figures of one test; problems make it fail."""

    def __init__(self, title):
        self.title = title
        self.problems = []
        self.figures = []

    def expect(self, condition, problem):
        if not condition:
            self.problems.append(problem)
        return bool(condition)

    def figure(self, name, value):
        self.figures.append((name, value))

    def close(self):
        """Prints everything; the exit code."""
        print(f"== {self.title}")
        for name, value in self.figures:
            print(f"   {name}: {value}")
        for problem in self.problems[:40]:
            print(f"   FAILED {problem}")
        if len(self.problems) > 40:
            print(f"   and {len(self.problems) - 40} more")
        return 1 if self.problems else 0


def nothing_transitional(client, report, since, within=SETTLED_WITHIN):
    """Waits until `within` seconds after `since`, not longer; the list."""
    while True:
        listed = client.every_sandbox()
        moving = [f"{s['name']} {s['state']}" for s in listed
                  if s["state"] in MOVING]
        late = time.monotonic() - since > within
        if not moving or late:
            report.expect(not moving, f"{within} s after the last start these "
                                      f"are still on their way: {moving}")
            return listed
        time.sleep(0.1)


def kernel_agrees(fold, server, report):
    """What runs is what the log says, no more and no less."""
    ids = set(fold.sandboxes)
    running = kernel_view.first_processes(ids)
    for missing in fold.started() - set(running):
        report.expect(False, f"the log says started, no process: {missing}")
    for surplus in set(running) - fold.started():
        state = fold.sandboxes[surplus].state
        report.expect(False, f"runs, the log says {state}: {surplus} "
                             f"{running[surplus]}")
    links = kernel_view.links(server.marks)
    report.expect(len(links) == len(running),
                  f"{len(running)} run, but the links are {links}")
    return running


def files_agree(fold, server, report):
    """A sandbox has a disk, or an archive, never both; and of those that do
    not run no disk is mounted, once the kernel is done with it."""
    for sandbox in fold.live().values():
        is_archived = sandbox.state == "archived"
        report.expect(
            os.path.exists(f"{server.data}/sandboxes/{sandbox.id}")
            != is_archived, f"{sandbox.state}, and its files are "
            f"{'there' if is_archived else 'gone'}: {sandbox.id}")
        report.expect(
            any(sandbox.id in name for name
                in kernel_view.file_names(f"{server.data}/archives"))
            == is_archived, f"{sandbox.state}, and its archive is "
            f"{'gone' if is_archived else 'there'}: {sandbox.id}")
    resting = set(fold.sandboxes) - fold.started()
    end = time.monotonic() + SETTLED_WITHIN
    while (left := kernel_view.loops(resting)) and time.monotonic() < end:
        time.sleep(0.1)
    report.expect(not left, f"do not run and are mounted: {left}")


def api_agrees(fold, listed, report):
    shown = {s["id"]: (s["name"], s["state"]) for s in listed}
    logged = {s.id: (s.name, s.state) for s in fold.live().values()}
    for sandbox_id in sorted(set(shown) | set(logged)):
        report.expect(
            shown.get(sandbox_id) == logged.get(sandbox_id),
            f"{sandbox_id}: the list says {shown.get(sandbox_id)}, the log "
            f"{logged.get(sandbox_id)}")


def counters_agree(fold, server, build, report):
    """Names and counters of every organization equal a recount."""
    for organization in {s.organization for s in fold.sandboxes.values()}:
        listing = subprocess.run(
            [f"{build}/tests/crash/organization_counts", f"{server.data}/log",
             organization], capture_output=True, text=True, check=True,
            timeout=120)
        pairs = [line.split(" ", 1) for line in listing.stdout.splitlines()]
        names = sorted(value for key, value in pairs if key == "name")
        counted = {key: int(value) for key, value in pairs if key != "name"}
        report.expect(counted == fold.counters(organization),
                      f"counters {counted}, recounted "
                      f"{fold.counters(organization)}")
        report.expect(names == fold.names(),
                      f"names {names}, recounted {fold.names()}")


def nothing_left_of(sandbox_ids, server, report):
    """No trace on the host of sandboxes that are destroyed."""
    if not sandbox_ids:
        return
    for trace in kernel_view.traces(sandbox_ids):
        report.expect(False, f"left of a destroyed sandbox: {trace}")
    for folder in (server.data, server.run):
        for name in kernel_view.file_names(folder):
            if any(sandbox_id in name for sandbox_id in sandbox_ids):
                report.expect(False, f"left of a destroyed sandbox: {name}")


def purged(server, report):
    """Purges and proves it: nothing of this server is on the host."""
    marks = server.marks
    code, output, errors = server.purge()
    report.expect(code == 0, f"purge ended with {code}: {output}{errors}")
    for trace in kernel_view.traces(marks):
        report.expect(trace in server.beneath, f"left after purge: {trace}")
    left = set(kernel_view.file_names(server.data)) - KEPT_BY_PURGE
    report.expect(not left, f"left under --data after purge: {sorted(left)[:20]}")
    if os.path.isdir(server.run):
        left = kernel_view.file_names(server.run)
        report.expect(not left, f"left under --run after purge: {left[:20]}")
