#!/usr/bin/env python3
"""The file system under --data runs full, and space returns."""

import contextlib
import os
import subprocess
import sys
import time

from options import guarded, parse  # first: it finds the other folders

import checks
import log_fold
from harness import kernel_view
from harness.client import Client, new_command_id
from harness.server import Refused, Server

SIZE = 4 << 30
NO_CREATES = 700 << 20   # below 1 GiB, where creates are refused
RECOVERY_LIMIT = 20      # seconds after space has returned
FULL = (503, 507)


@contextlib.contextmanager
def small_disk(folder):
    """A file system of its own under `folder`/disk."""
    image, mount = f"{folder}/disk.img", f"{folder}/disk"
    with open(image, "wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", image],
                   check=True, timeout=120)
    os.makedirs(mount)
    subprocess.run(["mount", "-o", "loop", image, mount], check=True,
                   timeout=60)
    try:
        yield mount
    finally:
        subprocess.run(["umount", mount], check=True, timeout=60)
        os.unlink(image)


class Filler:
    """Takes space away until a given amount is left."""

    def __init__(self, mount):
        self.mount, self.path = mount, f"{mount}/filler"

    def free(self):
        state = os.statvfs(self.mount)
        return state.f_bavail * state.f_frsize

    def leave(self, wanted):
        self.give_back()
        size = self.free() - wanted
        subprocess.run(["fallocate", "-l", str(size), self.path], check=True,
                       timeout=120)

    def take_all(self):
        self.leave(4 << 20)
        with contextlib.suppress(OSError), open(self.path, "ab") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()

    def give_back(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class Trial:
    def __init__(self, server, filler, report):
        self.server, self.filler, self.report = server, filler, report
        self.client = Client(server.port, server.key)
        self.acknowledged = []
        self.ids = {}
        self.answers = {}

    def must(self, action, name, wanted=(200,), then=None):
        command_id = new_command_id()
        if action == "create":
            answer = self.client.create(command_id, name=name)
        elif action == "delete":
            answer = self.client.delete(name, command_id)
        else:
            answer = self.client.act(name, action, command_id)
        good = self.report.expect(answer.status in wanted,
                                  f"{action} {name} {then or ''} answered "
                                  f"{answer}, wanted {wanted}")
        if answer.status == 200:
            self.acknowledged.append((command_id, action, name))
            if action == "create":
                self.ids[name] = answer.json["id"]
        elif good:
            message = answer.json.get("message", "")
            self.report.expect(
                any(word in message.lower() for word in ("disk", "space")),
                f"{action} answered {answer.status} without the reason: "
                f"{message!r}")
            self.answers[f"{action} {then}"] = f"{answer.status} {message}"
        return answer

    def still_serves(self, then):
        self.report.expect(self.server.process.poll() is None,
                           f"the server died {then}")
        answer = self.client.get("kept")
        self.report.expect(answer.status == 200 and
                           answer.json["state"] == "started",
                           f"GET {then} answered {answer}")

    def run(self):
        for name in ("kept", "to-stop", "to-delete", "to-delete-2",
                     "to-delete-3"):
            self.must("create", name)
        self.below_creates()
        self.full_at_once()
        self.reserve_gone_too()
        self.killed_while_full()
        self.filler.give_back()
        self.recovers()
        self.judge()

    def below_creates(self):
        then = "with 700 MiB free"
        self.filler.leave(NO_CREATES)
        self.must("create", "too-much", FULL, then)
        self.still_serves(then)
        self.must("stop", "to-stop", then=then)
        self.must("delete", "to-delete", then=then)

    def full_at_once(self):
        """Others wrote until they could not; the server has its reserve."""
        then = "with nothing free"
        self.filler.take_all()
        self.must("create", "too-much", FULL, then)
        self.must("start", "to-stop", FULL, then)
        self.still_serves(then)
        self.must("delete", "to-delete-2", then=then)
        self.report.figure("released reserve, MiB", self.filler.free() >> 20)

    def reserve_gone_too(self):
        then = "with the reserve gone"
        self.filler.take_all()
        for _ in range(20):
            self.must("create", "too-much", FULL, then)
        self.must("delete", "to-delete-3", FULL, then)
        self.still_serves(then)

    def killed_while_full(self):
        self.server.kill()
        self.client.close()
        try:
            self.server.start()
            self.still_serves("after a kill with nothing free")
            self.answers["the server's start with nothing free"] = "serves"
        except Refused as refusal:
            self.report.expect(
                any(word in refusal.output.lower()
                    for word in ("disk", "space")),
                f"refused to start without the reason: {refusal}")
            self.answers["the server's start with nothing free"] = "refused, disk full"

    def recovers(self):
        if self.server.process.poll() is not None:
            self.server.start()
        end = time.monotonic() + RECOVERY_LIMIT
        while True:
            answer = self.client.create(name="after")
            if answer.status == 200 or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.report.expect(answer.status == 200,
                           f"create after space returned answered {answer}")
        self.must("start", "to-stop", then="after space returned")

    def judge(self):
        listed = checks.nothing_transitional(self.client, self.report,
                                             time.monotonic())
        fold = log_fold.read(self.server)
        self.report.problems += fold.problems
        for command_id, action, name in self.acknowledged:
            self.report.expect(command_id in fold.command_ids,
                               f"acknowledged {action} {name} is lost")
        checks.api_agrees(fold, listed, self.report)
        checks.kernel_agrees(fold, self.server, self.report)
        names = {s["name"] for s in listed}
        self.report.expect(names == {"kept", "to-stop", "to-delete-3", "after"},
                           f"there are {sorted(names)}")
        for what, answer in self.answers.items():
            self.report.figure(what, answer)


def trial(options, report):
    server = Server(options.binaries)
    with contextlib.ExitStack() as stack:
        stack.callback(server.remove_home)
        mount = stack.enter_context(small_disk(server.home))
        server.move_data(f"{mount}/data")
        server.beneath = kernel_view.traces([server.home])
        filler = Filler(mount)
        stack.callback(filler.give_back)
        with guarded(server, report, keep_home=True):
            server.start()
            Trial(server, filler, report).run()
            filler.give_back()


if __name__ == "__main__":
    sys.exit(parse(__doc__).run("disk full", trial))
