#!/usr/bin/env python3
"""How long a new sandbox takes to its first successful exec.

Cases: `pause` and `resume` of a sandbox at work; `cold` with a raw client,
`cold-sdk` through the newest official SDK, each of these beside `crun run` and
`docker run`, one of each in turn, on a server where none waits; on one where 16
wait, `warm` at five creates a second, beside `crun run`, and `burst100`, a
hundred clients at once. JSON lines on stdout, progress on stderr.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import signal
import statistics
import sys
import threading
import time

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
WARM_COUNT = 16
WARM_PACE = 5  # creates a second
BURST = 100
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
    return yardsticks[0]


def warm(server, options, yardstick):
    """At a steady pace, which is the pool's to keep up with."""
    client = Client(server.port, server.key)
    raw = Raw(client)
    wait_until_filled(server, raw)
    raw.looks_at_events = True
    times, theirs = [], []
    begun = time.monotonic()
    for number in range(WARM_UP + options.count):
        due = begun + number / WARM_PACE
        time.sleep(max(0.0, due - time.monotonic()))
        took = raw.once()
        if number >= WARM_UP:
            times.append(took)
    for _ in range(options.count // 2):
        theirs.append(yardstick.once())
    say(f"warm: {raw.taken} of {raw.made} creates took one that waited")
    row("warm", times, yardstick.name, theirs)


def wait_until_filled(server, raw):
    """Creates make it known what is wanted."""
    end = time.monotonic() + 120
    folder = os.path.join(server.data, "sandboxes")
    for _ in range(WARM_COUNT):
        raw.once()
    while len([n for n in os.listdir(folder)
               if n.startswith("warm-")]) < WARM_COUNT:
        if time.monotonic() > end:
            raise SystemExit("the warm pool does not fill")
        time.sleep(0.2)
    time.sleep(1)  # the last of them starts


def one_of_burst(server, gate, number):
    client = Client(server.port, server.key, timeout=120)
    client.get("nobody")  # connected before it counts
    gate.wait()
    begun = time.monotonic()
    answer = client.create(name=f"burst-{number}")
    ended = time.monotonic()
    client.close()
    return begun, ended, answer.status, answer.json.get("state")


def burst(server):
    """All at once; the figure is when the last of them is started."""
    gate = threading.Barrier(BURST)
    with concurrent.futures.ThreadPoolExecutor(BURST) as pool:
        done = list(pool.map(lambda n: one_of_burst(server, gate, n),
                             range(BURST)))
    good = [one for one in done if one[2:] == (200, "started")]
    first = min(one[0] for one in done)
    took = (max(one[1] for one in done) - first) * 1000
    print(json.dumps({
        "bench": "create", "case": f"burst{BURST}", "n": BURST, "unit": "ms",
        "started": len(good), "value": round(took, 1),
        "p50": round(statistics.median((o[1] - first) * 1000 for o in done),
                     1), "baseline": "aim", "baseline_value": 2000.0,
        "ratio": round(took / 2000, 3)}), flush=True)
    if len(good) != BURST:
        raise SystemExit(f"of {BURST} creates {len(good)} are started: "
                         f"{[one[2:] for one in done if one not in good][:5]}")


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
        server = Server(Binaries(options.build), ["--warm-count", "0"])
        stack.callback(clean_up, server)
        say("starting a server")
        server.start()
        crun = bench(server, options, stack)
        second = Server(Binaries(options.build),
                        ["--warm-count", str(WARM_COUNT),
                         "--warm-memory", "2048"])
        stack.callback(clean_up, second)
        say(f"starting a server where {WARM_COUNT} wait")
        second.start()
        warm(second, options, crun)
        burst(second)


if __name__ == "__main__":
    main()
