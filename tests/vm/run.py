#!/usr/bin/env python3
"""Runs varve in a virtual machine with the distribution's stock kernel.

No hardware acceleration is asked for, so it runs wherever qemu does. What the
guest has to show is in guest/checks; this boots it and judges what it prints.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import image
import kernel

BOOT_LIMIT = 540  # seconds from power on to power off
LAST_CHECK = "the server ends when asked"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True,
                        help="build tree, as build/dev")
    parser.add_argument("--cache", required=True,
                        help="where the kernel is kept between runs")
    return parser.parse_args()


def programs(build):
    return {
        "/usr/bin/varve": f"{build}/ops/varve",
        "/usr/lib/varve/varve-toolbox": f"{build}/runner/toolbox/varve-toolbox",
        "/usr/lib/varve/varve-monitor": f"{build}/runner/monitor/varve-monitor",
        "/usr/bin/crun": shutil.which("crun"),
        "/usr/sbin/nft": shutil.which("nft"),
        "/usr/bin/curl": shutil.which("curl"),
        # Each of them is another program of the host's, too.
        "/sbin/mke2fs": os.path.realpath(shutil.which("mke2fs")),
        "/sbin/e2fsck": os.path.realpath(shutil.which("e2fsck")),
        "/sbin/resize2fs": os.path.realpath(shutil.which("resize2fs")),
    }


def boot(linux, work):
    """Everything the guest printed, or what it printed until the limit."""
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max",
        "-smp", "2", "-m", "2560", "-nographic", "-no-reboot", "-nic", "none",
        "-kernel", linux.image, "-initrd", f"{work}/initramfs",
        "-append", "console=ttyS0 quiet panic=-1",
        "-drive", f"file={work}/disk,format=raw,if=virtio,cache=unsafe"]
    machine = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        output, _ = machine.communicate(timeout=BOOT_LIMIT)
    except subprocess.TimeoutExpired:
        machine.kill()
        output, _ = machine.communicate()
        output += b"\nvm: not ok the guest ends in time: killed\n"
    finally:
        if machine.poll() is None:
            machine.kill()
            machine.wait()
    return output.decode("utf-8", "replace").replace("\r", "")


def judge(output):
    passed = re.findall(r"^vm: ok (.*)$", output, re.MULTILINE)
    failed = re.findall(r"^vm: not ok (.*)$", output, re.MULTILINE)
    if LAST_CHECK not in passed and not failed:
        failed.append("the guest never came to its last check")
    return passed, failed


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    linux = kernel.fetch(options.cache)
    guest = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")
    with tempfile.TemporaryDirectory(prefix="varve-vm-") as work:
        image.initramfs(linux, f"{guest}/init", f"{work}/initramfs")
        image.disk(linux, programs(options.build), guest, f"{work}/disk")
        output = boot(linux, work)
    passed, failed = judge(output)
    if failed:
        print(output[-20000:])
    for check in passed:
        print(f"ok      {check}")
    for check in failed:
        print(f"FAILED  {check}")
    print(f"kernel {linux.version}: {len(passed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
