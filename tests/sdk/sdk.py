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
TESTS = os.path.dirname(clients.HERE)


def names_of(latest):
    typescript = clients.LATEST_TYPESCRIPT if latest else clients.TYPESCRIPT
    python = clients.LATEST_PYTHON if latest else clients.PYTHON
    return ([f"typescript/{name}" for name in typescript]
            + [f"python/{name}" for name in python]
            + [f"go/{name}" for name in ([] if latest else clients.GO)])


def commands_for(name):
    """What must succeed, one after the other: {title: command}."""
    language, version = name.split("/")
    if language == "go":
        return {name: [clients.go(version)]}
    scenario = os.path.join(clients.HERE, language, "scenario")
    if language == "python":
        interpreter = clients.python(version)
        return {f"{name} {kind}": [interpreter, f"{scenario}.py", kind]
                for kind in ("sync", "async")}
    packages = {**clients.TYPESCRIPT, **clients.LATEST_TYPESCRIPT}
    return {name: ["node", f"{scenario}.mjs", packages[version],
                   clients.typescript(version)]}


def passes(title, command, server):
    print(f"== {title}", flush=True)
    # An empty folder: the SDKs read dotenv files where they are started.
    with tempfile.TemporaryDirectory(prefix="varve-sdk-") as folder:
        try:
            answer = subprocess.run(command, cwd=folder, check=False,
                                    env={**server.environment,
                                         "VARVE_TESTS": TESTS},
                                    timeout=SCENARIO_LIMIT)
        except subprocess.TimeoutExpired:
            print(f"FAILED {title}: not done in {SCENARIO_LIMIT} s")
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
    commands = {}
    for name in names:
        commands.update(commands_for(name))
    with server_for(chosen) as server:
        failed = [title for title, command in commands.items()
                  if not passes(title, command, server)]
        if failed:
            print("server log:\n" + server.log_tail())
    for title in failed:
        print(f"FAILED {title}")
    print(f"{len(commands) - len(failed)} of {len(commands)} SDKs passed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
