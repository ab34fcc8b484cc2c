#!/usr/bin/env python3
"""How long a new sandbox takes to its first successful exec.

Cases: `pause` and `resume` of a sandbox at work; `cold` with a raw client,
`cold-sdk` through the newest official SDK, each of these beside `crun run` and
`docker run`, one of each in turn. JSON lines on stdout, progress on stderr.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."), os.path.join(HERE, "../sdk")]

import clients  # noqa: E402  (of tests/sdk)
from harness import kernel_view  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.server import Binaries, Server, images_folder  # noqa: E402
from yardsticks.crun_run import CrunRun  # noqa: E402
from yardsticks.docker_run import DockerRun  # noqa: E402
from yardsticks.ours import PauseAndResume, Raw, Sdk  # noqa: E402

WARM_UP = 2
NEWEST_SDK = "daytonaio-0.218.0"


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def row(case, ours, yardstick, theirs):
    middle = statistics.median(ours)
    baseline = statistics.median(theirs)
    print(json.dumps({
        "bench": "create", "case": case, "n": len(ours), "unit": "ms",
        "p50": round(middle, 2), "p95": round(percentile(ours, 0.95), 2),
        "p99": round(percentile(ours, 0.99), 2), "baseline": yardstick,
        "baseline_value": round(baseline, 2),
        "ratio": round(middle / baseline, 3)}), flush=True)


def side_by_side(case, count, ours, yardsticks):
    """One of each in turn, so that what slows one slows all."""
    runners = [ours, *yardsticks]
    times = [[] for _ in runners]
    for number in range(WARM_UP + count):
        for runner, taken in zip(runners, times):
            took = runner.once()
            if number >= WARM_UP:
                taken.append(took)
        if number % 20 == 0:
            say(f"{case}: {number} of {WARM_UP + count}")
    for yardstick, theirs in zip(yardsticks, times[1:]):
        row(case, times[0], yardstick.name, theirs)


def pause_and_resume(client, count):
    """The aim is the yardstick: nothing else here does the same."""
    with PauseAndResume(client) as sandbox:
        pairs = [sandbox.once() for _ in range(WARM_UP + count)][WARM_UP:]
    for case, times in zip(("pause", "resume"), zip(*pairs)):
        row(case, times, "aim", [10.0])


def check_defaults(limits):
    say("shipped defaults, read back from inside: " + json.dumps(limits))
    if limits["user"] == "root" or limits["seccomp"] != 2:
        raise SystemExit(f"these are not the shipped defaults: {limits}")


def bench(server, options, stack):
    images = images_folder()
    with open(f"{images}/default", encoding="ascii") as default:
        rootfs = os.path.join(images, default.read().strip(), "rootfs")
    client = Client(server.port, server.key)
    raw = Raw(client)
    limits = raw.defaults()
    check_defaults(limits)
    pause_and_resume(client, options.count)
    say("docker: starting a daemon of our own, importing the root file system")
    yardsticks = [
        stack.enter_context(CrunRun(rootfs, limits, server.home)),
        stack.enter_context(DockerRun(rootfs, limits, server.home))]
    side_by_side("cold", options.count, raw, yardsticks)
    sdk = stack.enter_context(Sdk(server, clients.typescript(NEWEST_SDK)))
    side_by_side("cold-sdk", options.count, sdk, yardsticks)


def clean_up(server):
    marks = server.marks
    code, output, errors = server.purge()
    left = kernel_view.traces(marks)
    server.remove_home()
    if code != 0 or left:
        raise SystemExit(f"not clean: {code} {output}{errors} {left}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"))
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        server = Server(Binaries(options.build))
        stack.callback(clean_up, server)
        say("starting a server")
        server.start()
        bench(server, options, stack)


if __name__ == "__main__":
    main()
