#!/usr/bin/env python3
"""Faults of the runner's memory, of the machine, of toolbox and runtime.

Each is made once on a server with a started, a stopped and a deleted sandbox.
Afterwards log and kernel agree, nothing is transitional, nothing is left
over, and what is there can be used and deleted.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid

from options import guarded, parse  # first: it finds the other folders

import canary
import checks
import log_fold
from harness import kernel_view
from harness.client import Client
from harness.failing_runtime import FailingRuntime
from harness.server import Server

NOTICED_WITHIN = 10  # seconds until a dead toolbox is an error state


class Scene:
    """A server with sandboxes named `runs`, `rests` and `went`."""

    def __init__(self, server, report):
        self.server, self.report = server, report
        self.client = Client(server.port, server.key)
        self.started_at = time.monotonic()
        self.ids = {}
        for name in ("runs", "rests", "went"):
            self.ids[name] = self.good(self.client.create(name=name))["id"]
            self.write(name, "kept")
        self.good(self.client.act("rests", "stop"))
        self.good(self.client.delete("went"))

    def good(self, answer):
        if answer.status != 200:
            raise RuntimeError(f"answered {answer}")
        return answer.json

    def write(self, name, text):
        self.good(self.client.execute(self.ids[name],
                                      f"echo {text} > $HOME/file"))

    def expect_file(self, name):
        answer = self.client.execute(self.ids[name], "cat $HOME/file")
        self.report.expect(answer.status == 200 and
                           answer.json["result"].strip() == "kept",
                           f"the file of {name} reads {answer}")

    def kill(self):
        self.server.kill()
        self.client.close()

    def restart(self, environment=None):
        self.server.start(environment)
        self.started_at = time.monotonic()

    def state(self, name):
        answer = self.client.get(name)
        return answer.json if answer.status == 200 else {"state": "absent"}

    def wait_for(self, name, states, within):
        end = time.monotonic() + within
        while True:
            shown = self.state(name)
            if shown["state"] in states or time.monotonic() > end:
                return shown
            time.sleep(0.05)

    def expect_states(self, **wanted):
        for name, states in wanted.items():
            shown = self.state(name)["state"]
            self.report.expect(shown in states.split("|"),
                               f"{name} is {shown}, wanted {states}")

    def settle(self):
        """Waits until nothing moves; log, list and kernel must agree."""
        listed = checks.nothing_transitional(self.client, self.report,
                                             self.started_at)
        fold = log_fold.read(self.server)
        self.report.problems += fold.problems
        checks.api_agrees(fold, listed, self.report)
        checks.kernel_agrees(fold, self.server, self.report)
        checks.nothing_left_of(set(fold.sandboxes) - set(fold.live()),
                               self.server, self.report)

    def use_and_delete(self):
        """Whatever is there can be brought to run, used and deleted."""
        for item in self.client.every_sandbox():
            if item["state"] == "stopped":
                self.good(self.client.act(item["name"], "start"))
            elif item["state"] == "error" and item.get("recoverable"):
                self.good(self.client.act(item["name"], "recover"))
            if self.state(item["name"])["state"] == "started":
                self.expect_file(item["name"])
            self.good(self.client.delete(item["name"]))
        self.settle()
        left = [s["name"] for s in self.client.every_sandbox()]
        self.report.expect(not left, f"not deleted: {left}")


def journal(scene):
    return os.path.join(scene.server.data, "journal")


def journal_deleted(scene):
    scene.kill()
    shutil.rmtree(journal(scene))
    scene.restart()
    scene.settle()
    scene.expect_states(runs="started|stopped|error", rests="stopped|error")
    scene.use_and_delete()


def journal_replaced_by_an_older_copy(scene):
    copy = os.path.join(scene.server.home, "journal-copy")
    scene.kill()
    shutil.copytree(journal(scene), copy)
    scene.restart()
    scene.good(scene.client.act("runs", "stop"))
    scene.good(scene.client.act("rests", "start"))
    scene.ids["late"] = scene.good(scene.client.create(name="late"))["id"]
    scene.write("late", "kept")
    scene.ids["short"] = scene.good(scene.client.create(name="short"))["id"]
    scene.good(scene.client.delete("short"))
    scene.kill()
    shutil.rmtree(journal(scene))
    shutil.move(copy, journal(scene))
    scene.restart()
    scene.settle()
    scene.expect_states(runs="stopped|error", rests="started|stopped|error",
                        late="started|stopped|error", short="absent")
    scene.use_and_delete()


def end_as_a_machine_does(scene):
    """What a restart of the machine takes: processes, mounts and /run."""
    scene.kill()
    marks = scene.server.marks
    for process in kernel_view.processes_with(marks):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    for mount in reversed(kernel_view.mount_points(marks)):
        subprocess.run(["umount", "-l", mount], check=True, timeout=60)
    shutil.rmtree(scene.server.run)


def boot_id_changed(scene):
    end_as_a_machine_does(scene)
    boot_id = os.path.join(scene.server.home, "boot-id")
    with open(boot_id, "w", encoding="ascii") as file:
        file.write(f"{uuid.uuid4()}\n")
    scene.restart({"VARVE_BOOT_ID_FILE": boot_id})
    # Not transitional until the runner has said what it found.
    scene.wait_for("runs", ("stopped",), NOTICED_WITHIN)
    scene.settle()
    scene.expect_states(runs="stopped", rests="stopped", went="absent")
    cause = log_fold.read(scene.server).sandboxes[scene.ids["runs"]].cause
    scene.report.expect(cause == "HostRestarted", f"the cause is {cause}")
    scene.use_and_delete()


def kill_first_process(scene, name):
    sandbox_id = scene.ids[name]
    process = kernel_view.first_processes([sandbox_id])[sandbox_id]
    os.kill(process.pid, signal.SIGKILL)


def expect_error(scene, name, word):
    shown = scene.wait_for(name, ("error",), NOTICED_WITHIN)
    scene.report.expect(shown["state"] == "error",
                        f"{name} is {shown['state']}, not error")
    reason = shown.get("errorReason") or ""
    scene.report.expect(word in reason.lower(),
                        f"the reason does not say {word}: {reason!r}")
    scene.report.expect(shown.get("recoverable") is True,
                        f"{name} is not recoverable: {shown}")
    scene.report.figure("error reason", reason)


def toolbox_killed(scene):
    begun = time.monotonic()
    kill_first_process(scene, "runs")
    expect_error(scene, "runs", "pid 1")
    scene.report.figure("noticed after, s",
                        round(time.monotonic() - begun, 2))
    scene.settle()
    scene.good(scene.client.act("runs", "recover"))
    scene.expect_states(runs="started")
    scene.expect_file("runs")
    kill_first_process(scene, "runs")
    expect_error(scene, "runs", "pid 1")
    scene.good(scene.client.delete("runs"))
    scene.use_and_delete()


def runtime_fails(scene):
    runtime = FailingRuntime(scene.server)
    scene.kill()
    scene.server.options += ["--runtime", runtime.path]
    scene.restart()
    runtime.fail()
    scene.client.create(name="bad")
    expect_error_of_create(scene)
    scene.client.act("rests", "start")
    expect_error(scene, "rests", "made to fail")
    scene.settle()
    scene.good(scene.client.delete("bad"))
    runtime.work()
    scene.good(scene.client.act("rests", "recover"))
    scene.expect_states(rests="started", bad="absent")
    scene.expect_file("rests")
    scene.use_and_delete()


def expect_error_of_create(scene):
    shown = scene.wait_for("bad", ("error",), NOTICED_WITHIN)
    scene.report.expect(shown["state"] == "error" and
                        "made to fail" in (shown.get("errorReason") or ""),
                        f"a create that failed shows {shown}")


# Too little for a file; 1 keeps the kernel from piping one as well.
NO_CORE = (["0", "0"], ["1", "1"])


def core_limit(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
        line, = [text for text in limits if text.startswith("Max core file")]
    return line.split()[4:6]  # soft, hard


def no_core_file(scene):
    """Neither a server that aborts nor a toolbox leaves a core, which would
    hold what is secret, wherever this host puts cores."""
    text = canary.make(scene.server.port)
    scene.ids["secret"] = scene.good(scene.client.create(
        name="secret", env={"CANARY": text}))["id"]
    scene.write("secret", "kept")
    pid = scene.server.process.pid
    scene.report.expect(core_limit(pid) in NO_CORE,
                        f"the server may leave cores: {core_limit(pid)}")
    inside = kernel_view.first_processes([scene.ids["secret"]])
    pid = inside[scene.ids["secret"]].pid
    scene.report.expect(core_limit(pid) in NO_CORE,
                        f"the toolbox may leave cores: {core_limit(pid)}")
    scene.server.kill(signal.SIGABRT)
    scene.client.close()
    _, found = canary.files_with(text, [scene.server.home])
    scene.report.expect(not found, f"env in clear in {found}")
    scene.restart()
    scene.settle()
    scene.use_and_delete()


FAULTS = [journal_deleted, journal_replaced_by_an_older_copy, boot_id_changed,
          toolbox_killed, runtime_fails, no_core_file]


def trial(options, report):
    for fault in FAULTS:
        if options.only and fault.__name__ != options.only:
            continue
        part = checks.Report(fault.__name__.replace("_", " "))
        server = Server(options.binaries)
        with guarded(server, part):
            server.start()
            fault(Scene(server, part))
        part.close()
        report.problems += [f"{fault.__name__}: {problem}"
                            for problem in part.problems]
    report.figure("faults", len(FAULTS))


if __name__ == "__main__":
    sys.exit(parse(__doc__).run("faults", trial))
