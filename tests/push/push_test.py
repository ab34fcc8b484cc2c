#!/usr/bin/env python3
"""Thousands of Socket.IO clients of many organizations, and a sandbox of each
organization: every client hears what becomes of its own, and of no other.
Prints the server's memory per client."""

import argparse
import asyncio
import concurrent.futures
import http.client
import json
import os
import resource
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness.client import Client  # noqa: E402  (needs the path)
from harness.own_server import own_server  # noqa: E402
from listeners import open_all  # noqa: E402  (beside this file)

LENGTHS = {"ci": (1_000, 10), "full": (10_000, 100)}  # clients, organizations
MOST_PER_CLIENT = 40 * 1024  # bytes
HEAR_LIMIT = 60              # seconds
PING_LIMIT = 40


def expect(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


class AdminConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def administer(server, path, body):
    admin = AdminConnection(os.path.join(server.data, "admin.sock"))
    admin.request("POST", path, json.dumps(body),
                  {"Content-Type": "application/json"})
    answer = admin.getresponse()
    text = answer.read()
    expect(answer.status == 201, f"{path}: {answer.status} {text}")
    admin.close()
    return json.loads(text)


def make_organizations(server, count):
    """[(id, key)]"""
    out = []
    for number in range(count):
        made = administer(server, "/organizations", {"name": f"org {number}"})
        key = administer(server, "/keys", {"name": "push",
                                           "organizationId": made["id"]})
        out.append((made["id"], key["value"]))
    return out


def memory_of(process):
    """Resident, in bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise SystemExit("FAILED: the server has no VmRSS")


def live_once(server, key):
    """Makes and deletes a sandbox; its id."""
    client = Client(server.port, key)
    made = client.create(snapshot="busybox")
    expect(made.status == 200, f"create: {made}")
    until = time.monotonic() + HEAR_LIMIT
    while client.get(made.json["id"]).json["state"] != "started":
        expect(time.monotonic() < until, "it does not start")
        time.sleep(0.1)
    gone = client.delete(made.json["id"])
    expect(gone.status == 200, f"delete: {gone}")
    client.close()
    return made.json["id"]


async def until_all(listeners, has, limit):
    end = time.monotonic() + limit
    while (late := sum(not has(one) for one in listeners)) > 0:
        expect(time.monotonic() < end,
               f"{late} of {len(listeners)} clients did not hear it")
        await asyncio.sleep(0.05)


async def trial(server, clients, count):
    loop = asyncio.get_running_loop()
    organizations = make_organizations(server, count)
    # What the first connections cost is not what each costs.
    first = await open_all(server.port, organizations[:1] * 20)
    before = memory_of(server.process)
    began = time.monotonic()
    whose = [organizations[i % count] for i in range(clients)]
    listeners = await open_all(server.port, whose)
    per_client = (memory_of(server.process) - before) / clients
    print(f"{clients} clients of {count} organizations connected in "
          f"{time.monotonic() - began:.1f} s", flush=True)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ids = await asyncio.gather(*(
            loop.run_in_executor(pool, live_once, server, key)
            for _, key in organizations))
    box_of = {organization: sandbox_id for (organization, _), sandbox_id
              in zip(organizations, ids)}

    def has_heard_the_end(one):
        return any(state == "destroyed" for _, _, state in one.heard)

    await until_all(listeners, has_heard_the_end, HEAR_LIMIT)
    for one in listeners:
        mine = box_of[one.organization]
        expect(one.is_open, "a client was closed")
        expect(one.foreign == 0, "it heard of another organization")
        expect(all(box == mine for _, box, _ in one.heard),
               f"it heard of others' sandboxes: {one.heard}")
        kinds = [name for name, _, _ in one.heard]
        states = [state for _, _, state in one.heard]
        expect(kinds.count("sandbox.created") == 1 and "started" in states
               and kinds[0] == "sandbox.created", f"it heard {one.heard}")
    told = sum(len(one.heard) for one in listeners)
    print(f"{told} events heard, each by its own organization only; memory of "
          f"the server per client: {per_client / 1024:.1f} KiB", flush=True)
    expect(per_client < MOST_PER_CLIENT, "that is too much")
    await until_all(listeners, lambda one: one.pings > 0, PING_LIMIT)
    expect(all(one.is_open for one in listeners), "a client was closed")
    print("all were pinged and are connected", flush=True)
    for one in [*first, *listeners]:
        one.transport.abort()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    clients, count = LENGTHS[os.environ.get("VARVE_TEST_LENGTH", "ci")]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    expect(hard >= clients + 200, f"only {hard} descriptors for {clients}")
    with own_server(options.build) as server:
        asyncio.run(trial(server, clients, count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
