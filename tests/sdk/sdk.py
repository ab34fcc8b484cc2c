"""Runs one official SDK, or all of them, through its scenario.

usage: sdk.py --build BUILD (NAME... | --all | --latest) [--server-from-env]

A NAME is typescript/daytona-0.216.0 and the like. The server is one of our
own, or the one that DAYTONA_API_URL and DAYTONA_API_KEY name.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import clients
from api_server import server_for

SCENARIO_LIMIT = 240  # seconds


def names_of(latest):
    typescript = clients.LATEST_TYPESCRIPT if latest else clients.TYPESCRIPT
    python = clients.LATEST_PYTHON if latest else clients.PYTHON
    return ([f"typescript/{name}" for name in typescript]
            + [f"python/{name}" for name in python])


def command_for(name):
    language, version = name.split("/")
    scenario = os.path.join(clients.HERE, language, "scenario")
    if language == "python":
        return [clients.python(version), f"{scenario}.py"]
    packages = {**clients.TYPESCRIPT, **clients.LATEST_TYPESCRIPT}
    return ["node", f"{scenario}.mjs", packages[version],
            clients.typescript(version)]


def passes(name, command, server):
    print(f"== {name}", flush=True)
    # An empty folder: the SDKs read dotenv files where they are started.
    with tempfile.TemporaryDirectory(prefix="varve-sdk-") as folder:
        try:
            answer = subprocess.run(command, cwd=folder, check=False,
                                    env=server.environment,
                                    timeout=SCENARIO_LIMIT)
        except subprocess.TimeoutExpired:
            print(f"FAILED {name}: not done in {SCENARIO_LIMIT} s")
            return False
    return answer.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--build", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--latest", action="store_true")
    parser.add_argument("--server-from-env", action="store_true")
    chosen = parser.parse_args()
    names = chosen.names or names_of(chosen.latest)
    # Installed before a server runs, so that a registry's slowness shows as
    # such.
    commands = {name: command_for(name) for name in names}
    with server_for(chosen) as server:
        failed = [name for name, command in commands.items()
                  if not passes(name, command, server)]
        if failed:
            print("server log:\n" + server.log_tail())
    for name in failed:
        print(f"FAILED {name}")
    print(f"{len(names) - len(failed)} of {len(names)} SDKs passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
