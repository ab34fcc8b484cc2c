#!/usr/bin/env python3
"""What 200 idle sandboxes cost: memory and processor, each.

Memory is what the host has less of (MemAvailable), read before the first and
after the last. Processor is what the host's processors did for a minute, less
what they did in the minute before, when there was none; the yardstick is the
same number of processes that only sleep. JSON lines on stdout.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]

from harness import kernel_view  # noqa: E402  (needs the path)
from harness.client import Client  # noqa: E402
from harness.server import Binaries, Server  # noqa: E402

COUNT = 200


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def available():
    """MiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        fields = dict(line.split(":") for line in file)
    return int(fields["MemAvailable"].split()[0]) / 1024


def processor_time(pids):
    """Seconds that these processes have used, their ended children too."""
    tick = os.sysconf("SC_CLK_TCK")
    used = 0
    for pid in pids:
        with contextlib.suppress(OSError), \
                open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
            used += sum(int(n) for n in fields[11:15])
    return used / tick


def ours(server):
    """The server's and every process of its sandboxes."""
    found = kernel_view.processes_with(server.marks)
    return {server.process.pid, *(one.pid for one in found)}


def used_in(seconds, pids):
    before = processor_time(pids)
    time.sleep(seconds)
    return processor_time(pids) - before


def sleepers():
    """Memory that as many processes take that do nothing."""
    before = available()
    all_of_them = [subprocess.Popen(["sleep", "600"]) for _ in range(COUNT)]
    time.sleep(1)
    after = available()
    for one in all_of_them:
        one.kill()
    for one in all_of_them:
        one.wait()
    return (before - after) / COUNT


def row(what, unit, value, baseline, baseline_value):
    print(json.dumps({
        "bench": "idle", "case": "idle", "what": what, "n": COUNT,
        "unit": unit, "value": round(value, 4), "baseline": baseline,
        "baseline_value": round(baseline_value, 4),
        "ratio": round(value / baseline_value, 3) if baseline_value else None,
    }), flush=True)


def bench(server, seconds):
    client = Client(server.port, server.key, timeout=120)
    first = client.create(autoStopInterval=0)  # caches are the image's
    if first.status != 200:
        raise SystemExit(f"create answered {first}")
    each_sleeper = sleepers()
    say(f"{seconds} s without sandboxes")
    alone = used_in(seconds, ours(server))
    before = available()
    for number in range(COUNT):
        answer = client.create(autoStopInterval=0)
        if answer.status != 200:
            raise SystemExit(f"create {number} answered {answer}")
        if number % 20 == 0:
            say(f"{number} of {COUNT}")
    time.sleep(5)
    memory = (before - available()) / COUNT
    say(f"{seconds} s with {COUNT} idle ones")
    busy = used_in(seconds, ours(server))
    row("memory", "MiB", memory, "sleep(1)", each_sleeper)
    share = (busy - alone) / seconds / COUNT * 1000
    row("processor", "ms/s", max(share, 0.0), "server alone, whole",
        alone / seconds * 1000)


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
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = Server(Binaries(options.build), ["--warm-count", "0"])
    try:
        server.start()
        bench(server, options.seconds)
    finally:
        clean_up(server)


if __name__ == "__main__":
    main()
