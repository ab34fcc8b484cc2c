#!/usr/bin/env python3
"""What an agent does in a running sandbox, through gateway and toolbox.

Cases: `exec` (the round trip of `true`, beside `docker exec` and `crun exec`),
`upload` and `download` (1 GiB beside `cp`), `keystroke` (a terminal's echo),
`interpreter` (`1+1` beside a new `python3 -c`).
One of each in turn, so that what slows one slows all. JSON lines on stdout,
progress on stderr.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, ".."),
                os.path.join(HERE, "../toolbox")]

from create import check_defaults, percentile, say  # noqa: E402
from harness.own_server import own_server  # noqa: E402
from harness.sandbox import Sandbox  # noqa: E402
from harness.sandbox_socket import SandboxSocket  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.server import images_folder  # noqa: E402
from yardsticks.crun_exec import CrunExec  # noqa: E402
from yardsticks.docker_exec import DockerExec  # noqa: E402
from yardsticks.local import (Copy, LocalTerminal,  # noqa: E402
                              NewInterpreter)
from yardsticks.ours import Raw  # noqa: E402
from yardsticks.sandboxed import (Download, Exec,  # noqa: E402
                                  Interpreter, Keystroke, Upload)

MIB = 1 << 20
WARM_UP = 5


def in_turn(case, count, warm_up, *runners, before=lambda: None):
    """The milliseconds of each; `before` is not timed."""
    times = [[] for _ in runners]
    for number in range(warm_up + count):
        for runner, taken in zip(runners, times):
            before()
            took = runner.once()
            if number >= warm_up:
                taken.append(took)
    say(f"{case}: {count} of each")
    return times


def print_row(case, count, **more):
    print(json.dumps({"bench": "toolbox", "case": case, "n": count, **more}),
          flush=True)


def time_row(case, ours, yardstick, theirs):
    middle, baseline = statistics.median(ours), statistics.median(theirs)
    print_row(case, len(ours), unit="ms", p50=round(middle, 3),
              p95=round(percentile(ours, 0.95), 3),
              p99=round(percentile(ours, 0.99), 3), baseline=yardstick.name,
              baseline_value=round(baseline, 3),
              ratio=round(middle / baseline, 4))


def rate_row(case, size, ours, yardstick, theirs):
    """Million bytes a second."""
    def rate(times):
        return size / 1000 / statistics.median(times)

    print_row(case, len(ours), unit="MB/s", value=round(rate(ours), 1),
              baseline=yardstick.name, baseline_value=round(rate(theirs), 1),
              ratio=round(rate(ours) / rate(theirs), 3))


def bench_exec(box, yardsticks, count):
    with Exec(box) as ours:
        times = in_turn("exec", count, WARM_UP, ours, *yardsticks)
    for yardstick, theirs in zip(yardsticks, times[1:]):
        time_row("exec", times[0], yardstick, theirs)


def bench_files(box, folder, size, count):
    with Copy(folder, size) as copy:
        up, down, theirs = in_turn("upload and download", count, 1,
                                   Upload(box, size), Download(box, size),
                                   copy, before=os.sync)
        rate_row("upload", size, up, copy, theirs)
        rate_row("download", size, down, copy, theirs)


def bench_keystroke(box, count):
    with Keystroke(box, SandboxSocket) as ours, LocalTerminal() as local:
        mine, theirs = in_turn("keystroke", count, WARM_UP, ours, local)
        time_row("keystroke", mine, local, theirs)


def bench_interpreter(box, count):
    ours, new = Interpreter(box, SandboxSocket), NewInterpreter()
    mine, theirs = in_turn("interpreter", count, WARM_UP, ours, new)
    time_row("interpreter", mine, new, theirs)


def start_yardsticks(server, stack):
    images = images_folder()
    with open(f"{images}/default", encoding="ascii") as default:
        rootfs = os.path.join(images, default.read().strip(), "rootfs")
    limits = Raw(Client(server.port, server.key)).defaults()
    check_defaults(limits)
    say("docker: starting a daemon of our own, importing the root file system")
    return [stack.enter_context(yardstick(rootfs, limits, server.home))
            for yardstick in (DockerExec, CrunExec)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"))
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--files", type=int, default=3,
                        help="transfers of each kind")
    parser.add_argument("--mib", type=int, default=1024)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        say("starting a server")
        server = stack.enter_context(own_server(options.build))
        box = stack.enter_context(Sandbox(server))
        bench_keystroke(box, options.count)
        bench_interpreter(box, options.count)
        bench_files(box, server.home, options.mib * MIB, options.files)
        bench_exec(box, start_yardsticks(server, stack), options.count)


if __name__ == "__main__":
    main()
