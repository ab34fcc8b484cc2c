"""A sandbox from the default snapshot, created and used once."""

import os
import subprocess
import time

FIRST = "true"
DEFAULTS = """
id -un
grep ^Seccomp: /proc/self/status | tr -dc 0-9; echo
cd /sys/fs/cgroup
cat memory.max memory/memory.limit_in_bytes 2>/dev/null
cat pids.max pids/pids.max 2>/dev/null
cat cpu.max cpu/cpu.cfs_quota_us 2>/dev/null
"""


def _good(answer, what):
    if answer.status != 200:
        raise RuntimeError(f"{what} answered {answer}")
    return answer.json


class Raw:
    """Through one raw keep-alive connection."""

    def __init__(self, client):
        self.client = client
        self.looks_at_events = False
        self.made = self.taken = 0  # as events say, when they are looked at

    def once(self):
        """Milliseconds from create to the first successful exec."""
        begun = time.perf_counter()
        sandbox = _good(self.client.create(), "create")
        done = _good(self.client.execute(sandbox["id"], FIRST), "exec")
        took = (time.perf_counter() - begun) * 1000
        if done["exitCode"] != 0:
            raise RuntimeError(f"exec ended with {done}")
        if self.looks_at_events:
            self._look_at_events(sandbox["id"])
        _good(self.client.delete(sandbox["id"]), "delete")
        return took

    def _look_at_events(self, sandbox_id):
        page = _good(self.client.request(
            "GET", f"/api/varve/sandboxes/{sandbox_id}/events"), "events")
        self.made += 1
        self.taken += any(event["data"].get("warm")
                          for event in page["items"]
                          if event["type"] == "SandboxStarted")

    def defaults(self):
        """What the sandbox itself sees of how it is shipped."""
        sandbox = _good(self.client.create(), "create")
        done = _good(self.client.execute(sandbox["id"], DEFAULTS), "exec")
        _good(self.client.delete(sandbox["id"]), "delete")
        lines = done["result"].split("\n")
        if len(lines) < 5 or "0" in lines[1]:
            raise RuntimeError(f"the defaults read {done}")
        return {"user": lines[0], "seccomp": int(lines[1]),
                "memory": int(lines[2]), "pids": int(lines[3]),
                "cpu_quota": int(lines[4].split()[0])}


class Sdk:
    """Through the newest official SDK, one process for all. A context
    manager."""

    def __init__(self, server, modules):
        self.server, self.modules = server, modules
        self.process = None

    def __enter__(self):
        here = os.path.dirname(os.path.abspath(__file__))
        self.process = subprocess.Popen(
            ["node", os.path.join(here, "sdk_create.mjs"), self.modules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "DAYTONA_API_KEY": self.server.key,
                 "DAYTONA_TARGET": "local", "DAYTONA_API_URL":
                 f"http://127.0.0.1:{self.server.port}/api"})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def once(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the SDK's process ended")
        return float(line)


class PauseAndResume:
    """One sandbox with something at work, paused and resumed in turn."""

    def __init__(self, client):
        self.client = client

    def __enter__(self):
        self.id = _good(self.client.create(), "create")["id"]
        _good(self.client.execute(self.id, "yes > /dev/null 2>&1 &"), "exec")
        return self

    def __exit__(self, *_):
        _good(self.client.delete(self.id), "delete")

    def _timed(self, action, state):
        begun = time.perf_counter()
        sandbox = _good(self.client.act(self.id, action), action)
        took = (time.perf_counter() - begun) * 1000
        if sandbox["state"] != state:
            raise RuntimeError(f"{action} left it {sandbox['state']}")
        return took

    def once(self):
        """Milliseconds of the pause, and of the resume."""
        return self._timed("pause", "paused"), self._timed("start", "started")
