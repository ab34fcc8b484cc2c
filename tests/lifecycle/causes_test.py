#!/usr/bin/env python3
"""One real run for every cause code (schemas/cause.fbs), read back through
`GET /api/varve/sandboxes/{id}/events`.

A code that no trial here brings about must be called reserved there, or of no
sandbox. What has gone wrong shows why (`errorReason`) and whether it can be
recovered; what the kernel did to it is known within five seconds.
"""

import argparse
import concurrent.futures
import contextlib
import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid

from boxes import Failed, Sandbox, Trials, expect

from harness import kernel_view
from harness.client import Client
from harness.failing_runtime import FailingRuntime
from harness.own_server import own_server

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
CAUSES = os.path.join(ROOT, "schemas/cause.fbs")
PAGE = os.path.join(ROOT, "ops/docs/causes.md")
AT_ONCE = 5  # seconds in which a death must be known


class Seen:
    """The causes that were read back, and of which event."""

    def __init__(self):
        self.by_cause = {}

    def expect(self, event, cause):
        expect(event["cause"] == cause, f"{event} is not for {cause}")
        self.by_cause[cause] = event["type"]


def code_of(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def codes():
    """{code: whether a sandbox's event may have it}"""
    out = {}
    with open(CAUSES, encoding="utf-8") as file:
        for line in file:
            found = re.match(r"\s+(\w+) = \d+,?(.*)", line)
            if found and found[1] != "Unspecified":
                out[code_of(found[1])] = not re.search(
                    "reserved|of no sandbox", found[2])
    return out


def at(event):
    text = event["time"].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text).timestamp()


def expect_known_soon(event, since):
    took = at(event) - since
    expect(took < AT_ONCE, f"known after {took:.1f} s: {event}")
    print(f"   {event['type']} ({event['cause']}) known after {took:.1f} s")


def expect_explained(box, recoverable, *words):
    shown = box.shown()
    expect(shown["state"] == "error", f"it is {shown['state']}")
    reason = shown.get("errorReason") or ""
    for word in words:
        expect(word in reason.lower(), f"the reason is {reason!r}")
    expect(reason and shown.get("recoverable") is recoverable,
           f"recoverable is {shown.get('recoverable')}: {reason!r}")


def kill_pid_1(box, number=signal.SIGKILL):
    process = kernel_view.first_processes([box.id])[box.id]
    os.kill(process.pid, number)


class Trial:
    def __init__(self, server, seen):
        self.server, self.seen = server, seen

    def box(self, **body):
        body.setdefault("autoStopInterval", 0)
        return Sandbox(self.server, **body)

    # Of clients, and what answers them.

    def user_and_runner(self):
        box = self.box()
        box.post("stop")
        self.seen.expect(box.wait_for_event("StopRequested"), "user")
        self.seen.expect(box.wait_for_event("Stopped"), "runner_report")
        box.delete()

    def client_gone(self):
        body = b'{"labels":{"of":"nobody"}}'
        with socket.create_connection(("127.0.0.1", self.server.port)) as peer:
            peer.sendall(b"POST /api/sandbox HTTP/1.1\r\nHost: localhost\r\n"
                         b"Authorization: Bearer " + self.server.key.encode()
                         + b"\r\nContent-Type: application/json\r\n"
                         b"Content-Length: " + str(len(body)).encode()
                         + b"\r\n\r\n" + body)
        box = self.found_by_label()
        event = box.wait_for_event("DestroyRequested")
        self.seen.expect(event, "client_gone")
        made = at(box.events()[0])
        expect(55 < at(event) - made < 80, f"after {at(event) - made} s")

    def found_by_label(self):
        box = Sandbox.__new__(Sandbox)
        box.client = Client(self.server.port, self.server.key)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for item in box.client.every_sandbox():
                if item["labels"].get("of") == "nobody":
                    box.id = item["id"]
                    return box
            time.sleep(0.2)
        raise Failed("the create was not carried out")

    # Of time.

    def auto_stop(self):
        box = self.box(autoStopInterval=1)
        self.seen.expect(box.wait_for_event("IdleAsked"), "deadline")
        self.seen.expect(box.wait_for_event("Stopped"), "auto_stop")
        box.delete()

    def auto_pause(self):
        box = self.box(autoPauseInterval=1)
        self.seen.expect(box.wait_for_event("Paused"), "auto_pause")
        box.delete()

    def auto_delete(self):
        box = self.box(autoDeleteInterval=1)
        box.post("stop")
        self.seen.expect(box.wait_for_event("DestroyRequested"), "auto_delete")

    def auto_archive(self):
        if "auto_archive" not in codes():
            return
        box = self.box()
        box.post("stop")
        box.post("autoarchive/1")
        self.seen.expect(box.wait_for_event("ArchiveRequested"),
                         "auto_archive")
        box.delete()

    def time_to_live(self):
        box = self.box(ttlMinutes=1)
        self.seen.expect(box.wait_for_event("DestroyRequested"),
                         "time_to_live")

    def deadline(self):
        """A runner that does not come to an end."""
        box = self.box()
        held = os.path.join(self.server.hold_folder, "pause.begun")
        with open(held, "w", encoding="ascii"):
            pass
        try:
            box.post("pause")
            event = box.wait_for_event("Failed", 60)
        finally:
            os.unlink(held)
        self.seen.expect(event, "deadline")
        expect_explained(box, True, "timeout", "pausing")
        box.post("recover")
        box.wait_for("started")
        box.delete()

    # Of what is inside.

    def toolbox_died(self):
        box = self.box()
        begun = time.time()
        kill_pid_1(box)
        event = box.wait_for_event("Failed", 20)
        self.seen.expect(event, "toolbox_died")
        expect_known_soon(event, begun)
        expect_explained(box, True, "pid 1", "signal 9")
        box.post("recover")
        box.delete()

    def exited(self):
        box = self.box()
        begun = time.time()
        box.client.execute(box.id, "sudo kill -TERM 1; sleep 5", timeout=6)
        event = box.wait_for_event("Stopped", 20)
        self.seen.expect(event, "exited")
        expect_known_soon(event, begun)
        expect(event["data"].get("exit_code") == 0, f"{event}")
        box.delete()

    def out_of_memory(self):
        box = self.box()
        answer = box.client.execute(
            box.id, "python3 -c 'print(len(b\"x\" * (3 << 30)))'", timeout=60)
        begun = time.time()
        expect(answer.json["exitCode"] == 137, f"it ended with {answer}")
        event = box.wait_for_event("OutOfMemory", 20)
        self.seen.expect(event, "out_of_memory")
        expect_known_soon(event, begun)
        data = event["data"]
        expect(data.get("process") == "python3" and data.get("signal") == 9,
               f"it does not say what was killed: {data}")
        expect(box.state() == "started" and box.run("echo on") == "on",
               "the rest did not go on")
        box.delete()

    # Of the machine and who runs it.

    def start_failed(self):
        self.server.runtime.fail()
        client = Client(self.server.port, self.server.key)
        answer = client.create(name="no-start")
        self.server.runtime.work()
        expect(answer.status == 400, f"a create that failed: {answer}")
        box = Sandbox.__new__(Sandbox)
        box.client, box.id = client, client.get("no-start").json["id"]
        self.seen.expect(box.wait_for_event("Failed", 20), "start_failed")
        expect_explained(box, box.shown()["recoverable"], "made to fail")
        expect("made to fail" in answer.json["message"], f"told: {answer}")
        box.delete()

    def host_restarted(self):
        box = self.box()
        box.run("echo kept > kept")
        self.server.kill()
        marks = self.server.marks
        for process in kernel_view.processes_with(marks):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        for mount in reversed(kernel_view.mount_points(marks)):
            subprocess.run(["umount", "-l", mount], check=True, timeout=60)
        shutil.rmtree(self.server.run)
        boot_id = os.path.join(self.server.home, "boot-id")
        with open(boot_id, "w", encoding="ascii") as file:
            file.write(f"{uuid.uuid4()}\n")
        self.restart({"VARVE_BOOT_ID_FILE": boot_id}, box)
        self.seen.expect(box.wait_for_event("Stopped", 20), "host_restarted")
        expect(box.post("start")["state"] == "started", "it does not start")
        expect(box.run("cat kept") == "kept", "its file is gone")
        box.delete()

    def operator(self):
        box = self.box()
        self.server.stop()
        code, _, errors = self.server.command("stop-all", "--run",
                                              self.server.run)
        expect(code == 0, f"stop-all: {errors}")
        self.restart(None, box)
        self.seen.expect(box.wait_for_event("Stopped", 20), "operator")
        box.delete()

    def inventory(self):
        """Somebody removed it behind the server's back."""
        box = self.box()
        self.server.kill()
        for process in kernel_view.processes_with([box.id]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        for mount in reversed(kernel_view.mount_points([box.id])):
            subprocess.run(["umount", "-l", mount], check=True, timeout=60)
        shutil.rmtree(os.path.join(self.server.data, "sandboxes", box.id))
        shutil.rmtree(os.path.join(self.server.data, "journal"))
        self.restart(None, box)
        self.seen.expect(box.wait_for_event("Failed", 20), "inventory")
        expect_explained(box, False, "does not have the sandbox")
        box.delete()

    def restart(self, environment, box):
        self.server.start(environment)
        box.client.close()


ASIDE = ("auto_stop", "auto_pause", "auto_delete", "auto_archive",
         "time_to_live", "client_gone", "deadline")
ALONE = ("user_and_runner", "toolbox_died", "exited", "out_of_memory")
# Nothing else may be under way.
LAST = ("start_failed", "operator", "inventory", "host_restarted")


def every_cause(seen):
    wanted = {code for code, may_be in codes().items() if may_be}
    missing = wanted - set(seen.by_cause)
    expect(not missing, f"nothing here brings these about: {sorted(missing)}")
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    untold = [code for code in codes() if f"`{code}`" not in page]
    expect(not untold, f"{PAGE} does not tell of {untold}")
    for cause in sorted(seen.by_cause):
        print(f"   {cause}: {seen.by_cause[cause]}")


def prepare(server):
    server.runtime = FailingRuntime(server)
    server.options += ["--runtime", server.runtime.path]
    server.hold_folder = os.path.join(server.home, "hold")
    os.mkdir(server.hold_folder)
    os.environ["VARVE_HOLD_DIR"] = server.hold_folder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    parser.add_argument("--only", help="one trial, or several with commas")
    options = parser.parse_args()
    only = options.only.split(",") if options.only else None
    trials, seen = Trials(), Seen()
    with own_server(options.build, prepare) as server, \
            concurrent.futures.ThreadPoolExecutor(len(ASIDE)) as pool:
        def begin(name, run):
            if not only or name in only:
                return run(trials.run, name, getattr(Trial(server, seen), name))

        aside = [begin(name, pool.submit) for name in ASIDE]
        for name in ALONE:
            begin(name, lambda call, *given: call(*given))
        concurrent.futures.wait([one for one in aside if one])
        for name in LAST:
            begin(name, lambda call, *given: call(*given))
        if not only:
            trials.run("every cause", lambda: every_cause(seen))
        return trials.end(server)


if __name__ == "__main__":
    sys.exit(main())
