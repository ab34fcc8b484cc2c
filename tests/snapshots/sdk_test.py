#!/usr/bin/env python3
"""Official SDKs, unmodified, make snapshots and sandboxes of images.

usage: sdk_test.py --build BUILD NAME...

A NAME is typescript/daytonaio-0.218.0 and the like.
"""

import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [TESTS, os.path.join(TESTS, "sdk")]

import clients  # noqa: E402  (needs the path)
from api_server import environment_for  # noqa: E402
from harness.own_server import own_server  # noqa: E402
from harness.registry import Registry, busybox_layer  # noqa: E402

LIMIT = 240  # seconds


def command_for(name):
    language, version = name.split("/")
    script = os.path.join(HERE, "images")
    if language == "python":
        return [clients.python(version), f"{script}.py"]
    return ["node", f"{script}.mjs", clients.TYPESCRIPT[version],
            clients.typescript(version)]


def passes(name, command, server):
    # An empty folder: the SDKs read dotenv files where they are started.
    with tempfile.TemporaryDirectory(prefix="varve-sdk-") as folder:
        try:
            done = subprocess.run(command, cwd=folder, check=False,
                                  env=environment_for(server), timeout=LIMIT)
        except subprocess.TimeoutExpired:
            print(f"FAILED {name}: not done in {LIMIT} s")
            return False
    print(f"{'ok' if done.returncode == 0 else 'FAILED'} {name}", flush=True)
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="+")
    parser.add_argument("--build", required=True)
    chosen = parser.parse_args()
    commands = {name: command_for(name) for name in chosen.names}
    with Registry() as registry:
        registry.put_image("library/python", "3.12.10-slim-bookworm",
                           [busybox_layer().file("marker", b"from the image")],
                           Env=["PATH=/bin"], Cmd=["sh"])

        def prepare(server):
            server.options += ["--registries", registry.registries_conf()]

        with own_server(chosen.build, prepare) as server:
            failed = [name for name, command in commands.items()
                      if not passes(name, command, server)]
            if failed:
                print("server log:\n" + server.log_tail())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
