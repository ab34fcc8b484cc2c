#!/usr/bin/env python3
"""The newest official SDKs with their sockets on, through a proxy that counts:
a create that takes a waiting sandbox costs exactly one POST and no question
after it, and what becomes of a sandbox is heard without asking."""

import argparse
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [TESTS, os.path.join(TESTS, "sdk")]

import clients  # noqa: E402  (needs the path)
from api_server import environment_for  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.own_server import own_server  # noqa: E402

from counting_proxy import CountingProxy  # noqa: E402  (beside this file)

SOCKET = "/api/socket.io/"
LIMIT = 90  # seconds for one program
SOCKET_LIMIT = 10
WARM_COUNT = 2
WARM_LIMIT = 60


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


def programs():
    """{title: command}"""
    newest = "daytonaio-0.218.0"
    python = clients.python("daytona-0.226.1")
    out = {f"typescript {newest}": ["node", os.path.join(HERE, "hears.mjs"),
                                    clients.TYPESCRIPT[newest],
                                    clients.typescript(newest)]}
    for kind in ("sync", "async"):
        out[f"python daytona-0.226.1 {kind}"] = [
            python, os.path.join(HERE, "hears.py"), kind]
    return out


def wait_for_socket(proxy):
    end = time.monotonic() + SOCKET_LIMIT
    while ("GET", SOCKET) not in proxy.requests():
        expect(time.monotonic() < end, "no socket was opened")
        time.sleep(0.05)


def has_warm(server):
    """Waits until a create takes a waiting one, and the next one waits."""
    client = Client(server.port, server.key)
    end = time.monotonic() + WARM_LIMIT
    while True:
        made = client.request("POST", "/api/sandbox", {}).json
        was_warm = took_waiting(server, made["id"])
        client.request("DELETE", f"/api/sandbox/{made['id']}")
        if was_warm:
            break
        expect(time.monotonic() < end, "no create takes a waiting one")
        time.sleep(0.3)
    time.sleep(1)  # the place that it left is filled


def took_waiting(server, sandbox_id):
    events = Client(server.port, server.key).request(
        "GET", f"/api/varve/sandboxes/{sandbox_id}/events").json["items"]
    return any(event["data"].get("warm") for event in events
               if event["type"] == "SandboxStarted")


def check_create(asked, sandbox_id):
    """One POST and no question."""
    creates = [path for method, path in asked
               if (method, path) == ("POST", "/api/sandbox")]
    expect(len(creates) == 1, f"{len(creates)} creates: {asked}")
    expect(("GET", f"/api/sandbox/{sandbox_id}") not in asked,
           f"it asked: {asked}")


def hears(server, command):
    has_warm(server)
    with CountingProxy(server.port) as proxy:
        environment = {**environment_for(server), "DAYTONA_API_URL":
                       f"http://127.0.0.1:{proxy.port}/api"}
        program = subprocess.Popen(command, cwd=server.home, text=True,
                                   env=environment, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        try:
            conversation(server, proxy, program)
        finally:
            program.kill()
            program.wait()


def conversation(server, proxy, program):
    words = program.stdout.readline().split()
    expect(len(words) == 3 and words[0] == "made", f"it said {words}")
    expect(words[2] == "started", f"it is {words[2]}")
    wait_for_socket(proxy)
    time.sleep(1.5)  # longer than the pause between two questions
    check_create(proxy.requests(), words[1])
    expect(took_waiting(server, words[1]), "it took none that waited")
    proxy.forget()
    # Not through the SDK: it can know of this by its socket alone.
    stopped = Client(server.port, server.key).act(words[1], "stop")
    expect(stopped.status == 200, f"stop: {stopped}")
    program.stdin.write("stopped\n")
    program.stdin.flush()
    words = program.stdout.readline().split()
    expect(words == ["heard", "stopped"], f"it said {words}")
    expect(proxy.requests() == [], f"it asked: {proxy.requests()}")
    program.stdin.write("end\n")
    program.stdin.flush()
    expect(program.wait(LIMIT) == 0, f"it ended with {program.returncode}")


def let_wait(server):
    server.options = ["--warm-count", str(WARM_COUNT)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    commands = programs()
    failures = []
    with own_server(options.build, prepare=let_wait) as server:
        for title, command in commands.items():
            try:
                hears(server, command)
                print(f"ok {title}: a waiting sandbox, one POST, no question",
                      flush=True)
            except Failed as problem:
                failures.append(title)
                print(f"FAILED {title}: {problem}", flush=True)
        if failures:
            print(server.log_tail(3000))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
