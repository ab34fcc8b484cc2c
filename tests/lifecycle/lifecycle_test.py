#!/usr/bin/env python3
"""The life of real sandboxes: every command, timers at their real minutes.

Timers run while the rest is tried. At CI length a command of 75 seconds
outlives an auto-stop of one minute, at full length one of three minutes.
"""

import argparse
import concurrent.futures
import contextlib
import os
import subprocess
import sys
import time

from boxes import IS_FULL, Sandbox, Trials, expect

from harness.own_server import own_server
from harness.sandbox_socket import SandboxSocket


def last_cause(box):
    """Why the newest event of the sandbox came about."""
    return box.events()[-1]["cause"]


def pause_and_resume(server):
    box = Sandbox(server, autoStopInterval=0)
    # The file is replaced, so that nobody reads it empty.
    box.run("nohup sh -c 'i=0; while :; do i=$((i+1)); echo $i > /tmp/new; "
            "mv /tmp/new /tmp/count; sleep 0.05; done' >/dev/null 2>&1 & "
            "until [ -e /tmp/count ]; do sleep 0.05; done")
    box.pause()
    expect(box.post("pause")["state"] == "paused", "a second pause is no ok")
    refused = box.client.execute(box.id, "true")
    expect(refused.status == 400, f"exec while paused: {refused}")
    expect(box.post("start")["state"] == "started", "it is not resumed")
    before = int(box.run("cat /tmp/count"))
    box.run("sleep 0.3")
    expect(int(box.run("cat /tmp/count")) > before, "it did not go on")
    box.pause()
    expect(box.post("stop")["state"] == "stopped", "stop of a paused one")
    answer = box.client.request("POST", f"/api/sandbox/{box.id}/pause")
    expect(answer.status == 400, f"pause of a stopped one: {answer}")
    box.post("start")
    box.pause()
    box.delete()
    box.wait_for("gone", 30)


def resize(server):
    box = Sandbox(server, autoStopInterval=0)
    before = box.client.get(box.id).json
    wanted = {"cpu": before["cpu"] + 1, "memory": before["memory"] + 1}
    after = box.post("resize", wanted)
    expect(after["state"] == "started", f"it is {after['state']}")
    expect(after["cpu"] == wanted["cpu"], "the cpu is not shown")
    inside = box.run("cat /sys/fs/cgroup/memory/memory.limit_in_bytes "
                     "/sys/fs/cgroup/memory.max 2>/dev/null")
    expect(inside == str(wanted["memory"] << 30), f"inside it has {inside}")
    box.post("resize", wanted)
    box.post("resize", {"cpu": 1}, status=400)
    box.post("stop")
    expect(box.post("stop")["state"] == "stopped", "a second stop is no ok")
    box.post("resize", {"cpu": 1})
    expect(box.post("start")["cpu"] == 1, "the next start has another size")
    box.delete()


def settings(server):
    box = Sandbox(server, autoStopInterval=0, networkBlockAll=True)
    expect(box.client.get(box.id).json["networkBlockAll"], "it is not blocked")
    box.post("public/true")
    shown = box.post("network-settings", {"networkAllowList": "8.8.8.0/24"})
    expect(shown["networkAllowList"] == "8.8.8.0/24", "the list is not shown")
    expect(not shown["networkBlockAll"], "it is blocked still")
    shown = box.post("autodelete/5")
    expect(shown["public"] and shown["autoDeleteInterval"] == 5, f"{shown}")
    expect("autoDestroyAt" in box.post("ttl/10"), "no end of life is shown")
    expect("autoDestroyAt" not in box.post("ttl/0"), "its life still ends")
    shown = box.post("autoarchive/0")
    expect(shown["autoArchiveInterval"] == 43200, f"{shown}")
    box.post("archive", status=400)  # it runs
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True,
                           text=True, timeout=30).stdout
    expect("8.8.8.0/24" in rules, "the firewall knows nothing of the list")
    box.delete()


def ephemeral(server):
    box = Sandbox(server, autoStopInterval=0, autoDeleteInterval=0)
    box.post("stop")
    box.wait_for("gone", 15)
    expect(box.wait_for_event("DestroyRequested", 5)["cause"] == "auto_delete",
           "it went for another reason")


def stop_under_terminal(server):
    """A client is connected to it, and a program runs in it."""
    box = Sandbox(server, autoStopInterval=0)
    answer = box.client.request(
        "POST", f"/toolbox/{box.id}/process/pty",
        {"id": "t", "cols": 80, "rows": 24})
    expect(answer.status in (200, 201), f"pty: {answer}")
    with SandboxSocket(box, "/process/pty/t/connect", timeout=20) as terminal:
        terminal.send_text("echo o''k; exec sleep 1000\n")
        shown = b""
        while b"ok" not in shown:
            shown += terminal.receive()[1]
        begun = time.monotonic()
        expect(box.post("stop")["state"] == "stopped", "it is not stopped")
        expect(time.monotonic() - begun < 8, "a terminal held up the stop")
        with contextlib.suppress(ConnectionError):
            terminal.all()
        expect(time.monotonic() - begun < 12, "its client is not told")
    expect(box.post("start")["state"] == "started", "it does not start")
    expect(box.run("echo again") == "again", "it does not work")
    box.delete()


def idle_is_stopped(server):
    box = Sandbox(server, autoStopInterval=1)
    begun = time.monotonic()
    box.wait_for("stopped")
    took = time.monotonic() - begun
    expect(took > 55, f"stopped after {took:.0f} s already")
    expect(last_cause(box) == "auto_stop", "for another reason")
    expect(box.post("start")["state"] == "started", "it does not start")
    box.delete()


def idle_is_paused(server):
    box = Sandbox(server, autoPauseInterval=1)
    box.wait_for("paused")
    expect(last_cause(box) == "auto_pause", "for another reason")
    expect(box.post("start")["state"] == "started", "it is not resumed")
    box.delete()


def work_is_not_idle(server, seconds):
    box = Sandbox(server, autoStopInterval=1)
    answer = box.client.execute(box.id, f"sleep {seconds}; echo awake",
                                timeout=seconds + 60)
    expect(answer.status == 200 and "awake" in answer.json["result"],
           f"the command was cut off: {answer}")
    expect(box.state() == "started", f"it is {box.state()}")
    box.delete()


def detached_work_is_not_idle(server, seconds):
    """A session's command runs on though nobody is connected."""
    box = Sandbox(server, autoStopInterval=1)
    base = f"/toolbox/{box.id}/process/session"
    box.client.request("POST", base, {"sessionId": "s"})
    answer = box.client.request(
        "POST", f"{base}/s/exec",
        {"command": f"sleep {seconds}", "runAsync": True})
    expect(answer.status in (200, 202), f"session: {answer}")
    box.client.close()  # the server closes what is idle
    time.sleep(seconds - 3)
    expect(box.state() == "started", f"it is {box.state()}")
    box.delete()


def stopped_is_archived(server):
    box = Sandbox(server, autoStopInterval=0, autoArchiveInterval=1)
    box.run("echo kept > /home/daytona/kept")
    box.post("stop")
    box.wait_for("archived")
    asked = box.wait_for_event("ArchiveRequested")
    expect(asked["cause"] == "auto_archive", f"because of {asked['cause']}")
    box.post("start")
    box.wait_for("started")
    expect(box.run("cat /home/daytona/kept") == "kept", "the file is lost")
    box.delete()


def life_ends(server):
    box = Sandbox(server, autoStopInterval=0, ttlMinutes=1)
    box.wait_for("gone")


def name_is_free_at_once(server):
    """Twenty times, also while the one before is not gone yet."""
    for _ in range(20):
        box = Sandbox(server, name="again", autoStopInterval=0)
        taken = box.client.create(name="again")
        expect(taken.status == 409, f"the name is taken: {taken}")
        box.delete()


TRIALS = (pause_and_resume, resize, settings, ephemeral, stop_under_terminal,
          name_is_free_at_once)


def timed_trials(server, seconds):
    return {
        "idle is stopped": lambda: idle_is_stopped(server),
        "idle is paused": lambda: idle_is_paused(server),
        "work is not idle": lambda: work_is_not_idle(server, seconds),
        "detached work is not idle":
            lambda: detached_work_is_not_idle(server, 75),
        "stopped is archived": lambda: stopped_is_archived(server),
        "life ends": lambda: life_ends(server)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    seconds = 190 if IS_FULL else 75
    trials = Trials()
    with own_server(options.build) as server, \
            concurrent.futures.ThreadPoolExecutor() as pool:
        timers = [pool.submit(trials.run, name, work) for name, work
                  in timed_trials(server, seconds).items()]
        for trial in TRIALS:
            trials.run(trial.__name__, lambda t=trial: t(server))
        concurrent.futures.wait(timers)
        return trials.end(server)


if __name__ == "__main__":
    sys.exit(main())
