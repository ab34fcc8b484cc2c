"""Asks a toolbox for its version every 100 ms, in a process of its own so
that what the test itself does delays no answer.

Run as a script it prints one JSON line when its stdin is closed.
"""

import http.client
import json
import os
import select
import subprocess
import sys
import time

PERIOD = 0.1
LIMIT = 1.0  # seconds


class Probe:
    """Once stopped, `took` holds every answer's seconds and `refused` what was
    no answer."""

    def __init__(self, box):
        self.box = box
        self.took, self.refused = [], []

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(self.box.server.port),
             self.box.path("/version")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "VARVE_PROBE_KEY": self.box.server.key})
        if self.process.stdout.readline() != b"begun\n":
            raise RuntimeError("the probe does not run")

    def stop(self):
        if self.process.stdin.closed:
            return
        told, _ = self.process.communicate(timeout=60)
        if told:
            told = json.loads(told)
            self.took, self.refused = told["took"], told["refused"]

    @property
    def worst(self):
        return max(self.took, default=float("inf"))

    def __str__(self):
        ordered = sorted(self.took)
        middle = ordered[len(ordered) // 2] if ordered else 0
        return (f"{len(ordered)} probes, median {middle * 1000:.1f} ms, "
                f"worst {self.worst * 1000:.1f} ms")


def ask(port, path, key):
    """None, or what was wrong."""
    peer = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        peer.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = peer.getresponse()
        answer.read()
        return None if answer.status == 200 else answer.status
    except (OSError, http.client.HTTPException) as problem:
        return str(problem) or type(problem).__name__
    finally:
        peer.close()


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    key = os.environ["VARVE_PROBE_KEY"]
    # Its own turn on a busy machine is not what is measured.
    os.nice(-10)
    took, refused = [], []
    due = time.monotonic()
    while not select.select([0], [], [], max(0, due - time.monotonic()))[0]:
        begun = time.monotonic()
        wrong = ask(port, path, key)
        took.append(time.monotonic() - begun)
        if wrong is not None:
            refused.append(wrong)
        if len(took) == 1:
            print("begun", flush=True)
        due = max(due + PERIOD, time.monotonic())
    print(json.dumps({"took": took, "refused": refused}))


if __name__ == "__main__":
    main()
