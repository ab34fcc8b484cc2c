#!/usr/bin/env python3
"""Sandboxes that fill their disks, by each way of limiting them that this
kernel has: image files everywhere, project quota on a file system made for it.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness import kernel_view  # noqa: E402  (needs the path)
from harness.own_server import own_server  # noqa: E402
from harness.sandbox import Sandbox  # noqa: E402

GIB = 1 << 30
FULL = ("No space left", "quota exceeded")
# Most of it is only reserved, which takes no time.
FILL = ("fallocate -l $(($(df -m --output=avail / | tail -1) - 700))M "
        "$HOME/reserved; dd if=/dev/zero of=$HOME/fill bs=1M 2>&1; "
        "cat /dev/zero > $HOME/rest 2>&1; sync")


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          timeout=120)


def free(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def lifecycle(box, action, body=None, status=200):
    answer = box.client.request(
        "POST", f"/api/sandbox/{box.id}/{action}", body)
    expect(answer.status == status, f"{action}: {answer}")
    return answer.json


def shown_size(box):
    """GiB that a program inside sees."""
    return int(box.output("df -k --output=size / | tail -1")) / (1 << 20)


def fills_its_disk(server, box):
    before = free(server.data)
    said = box.execute(FILL)["result"]
    expect(any(text in said for text in FULL), f"filling said {said}")
    size = box.client.get(box.id).json["disk"]
    used = before - free(server.data)
    expect(used < (size + 0.2) * GIB, f"the host lost {used} bytes")
    expect(box.output("echo alive") == "alive\n", "exec does not work")


def restarts_full(box):
    for _ in range(2):
        expect(lifecycle(box, "stop")["state"] == "stopped", "not stopped")
        expect(lifecycle(box, "start")["state"] == "started", "not started")
        expect(box.output("echo alive") == "alive\n", "exec does not work")
        full = box.execute("cat /dev/zero > $HOME/more")["result"]
        expect(any(text in full for text in FULL), f"not full: {full}")


def grows(box):
    before = box.client.get(box.id).json["disk"]
    refused = lifecycle(box, "resize", {"disk": before + 1}, status=400)
    expect(refused["message"] == "Disk resize can only be performed on a "
           "stopped sandbox", f"{refused}")
    lifecycle(box, "stop")
    refused = lifecycle(box, "resize", {"disk": before - 1}, status=400)
    expect(refused["message"] == "Sandbox disk size cannot be decreased",
           f"{refused}")
    shown = lifecycle(box, "resize", {"disk": before + 1})
    expect(shown["disk"] == before + 1, f"it is shown as {shown['disk']}")
    lifecycle(box, "start")
    size = shown_size(box)
    expect(before < size <= before + 1, f"inside it has {size} GiB")
    box.output("head -c 10000000 /dev/zero > $HOME/fits && rm $HOME/*")


def outlives_a_killed_server(server, box):
    server.kill()
    server.start()
    box.client.close()
    expect(box.output("echo alive") == "alive\n", "it is not alive")
    lifecycle(box, "stop")
    lifecycle(box, "start")


def leaves_nothing(server, sandbox_id):
    left = kernel_view.traces([sandbox_id])
    expect(not left, f"left of it: {left}")
    expect(sandbox_id not in os.listdir(f"{server.data}/sandboxes"),
           "its files are there")


def trial(build, method, prepare=None):
    def choose(server):
        server.options += ["--disk-limit", method]
        if prepare is not None:
            prepare(server)

    with own_server(build, choose) as server:
        with Sandbox(server, autoStopInterval=0) as box:
            size = shown_size(box)
            disk = box.client.get(box.id).json["disk"]
            expect(disk - 0.2 < size <= disk, f"inside it has {size} GiB")
            fills_its_disk(server, box)
            restarts_full(box)
            outlives_a_killed_server(server, box)
            grows(box)
        leaves_nothing(server, box.id)
    print(f"ok {method}", flush=True)


@contextlib.contextmanager
def quota_file_system():
    """A folder on ext4 that is mounted with project quota; None where this
    kernel cannot."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        image, point = f"{home}/image", f"{home}/mounted"
        os.mkdir(point)
        with open(image, "wb") as file:
            file.truncate(12 * GIB)
        made = run("mke2fs", "-q", "-F", "-t", "ext4", "-O", "quota,project",
                   "-E", "quotatype=prjquota,lazy_itable_init=1", image)
        expect(made.returncode == 0, made.stderr)
        mounted = run("mount", "-o", "loop,prjquota", image, point)
        if mounted.returncode != 0:
            yield None
            return
        try:
            yield point
        finally:
            run("umount", point)


def kernel_counts_projects():
    """By the kernel's own configuration, where it shows it."""
    shown = run("zcat", "/proc/config.gz").stdout
    return None if not shown else "CONFIG_QFMT_V2=" in shown


def quota_trial(build):
    with quota_file_system() as point:
        if point is None:
            expect(not kernel_counts_projects(), "quota does not mount")
            print("ok quota: not on this kernel (CONFIG_QFMT_V2); "
                  "tests/vm shows it", flush=True)
            return
        os.chmod(point, 0o711)
        trial(build, "quota",
              lambda server: server.move_data(f"{point}/data"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    trial(options.build, "image")
    quota_trial(options.build)
    return 0


if __name__ == "__main__":
    sys.exit(main())
