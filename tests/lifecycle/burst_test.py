#!/usr/bin/env python3
"""Creates all at once, far more than the host can start at once: none is lost
and none fails; the queue can be seen, and a delete issued meanwhile is
answered soon. Then all are destroyed."""

import argparse
import asyncio
import json
import os
import resource
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness.client import Client  # noqa: E402  (needs the path)
from harness.own_server import own_server  # noqa: E402

COUNTS = {"ci": 60, "full": 2_000}
DELETES = 5          # while the others wait
DELETE_LIMIT = 2.0   # seconds
ANSWER_LIMIT = 60    # for the answers to the creates
START_LIMIT = 880    # for all to be started: what a create may wait
DESTROY_LIMIT = 600
AT_ONCE = 64         # deletes at the end
SIZE = {"snapshot": "busybox", "autoStopInterval": 0}


def expect(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


async def ask(port, key, method, path, body=None, limit=ANSWER_LIMIT):
    """(status, parsed body) on a connection of its own."""
    payload = b"" if body is None else json.dumps(body).encode()
    head = (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {key}\r\nConnection: close\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n").encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head + payload)
        answer = await asyncio.wait_for(reader.read(), limit)
    finally:
        writer.close()
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(text)


class Watch(threading.Thread):
    """Looks at the queue for as long as it is not ended."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = Client(server.port, server.key)
        self.over = threading.Event()
        self.most_waiting = self.most_working = 0

    def look(self):
        answer = self.client.request("GET", "/api/varve/queue")
        expect(answer.status == 200, f"queue: {answer}")
        queue = answer.json
        self.most_waiting = max(self.most_waiting, queue["waiting"])
        self.most_working = max(self.most_working, queue["working"])
        return queue

    def run(self):
        while not self.over.wait(0.1):
            self.look()

    def end(self):
        self.over.set()
        self.join(30)


async def create_all(server, count):
    """Ids, and the time each delete of one in the queue took."""
    creates = [asyncio.create_task(ask(server.port, server.key, "POST",
                                       "/api/sandbox",
                                       {**SIZE, "name": f"burst-{number}"}))
               for number in range(count)]
    # Some by their name, as soon as they are there: they wait in the queue.
    times = []
    for number in range(count - DELETES, count):
        times.append(await delete_one(server, f"burst-{number}"))
    ids = []
    for number, answer in enumerate(await asyncio.gather(*creates)):
        status, body = answer
        if number < count - DELETES:
            expect(status == 200, f"create {number}: {status} {body}")
            expect(body["state"] in ("creating", "started"),
                   f"it is {body['state']}")
            ids.append(body["id"])
    return ids, times


async def delete_one(server, name):
    end = time.monotonic() + ANSWER_LIMIT
    while True:
        began = time.monotonic()
        status, body = await ask(server.port, server.key, "DELETE",
                                 f"/api/sandbox/{name}")
        if status == 200:
            return time.monotonic() - began
        expect(status == 404 and time.monotonic() < end,
               f"delete of {name}: {status} {body}")
        await asyncio.sleep(0.05)


def states_of(client):
    out = {}
    for item in client.every_sandbox():
        out.setdefault(item["state"], set()).add(item["id"])
    return out


def wait_until_started(server, ids):
    client = Client(server.port, server.key)
    end = time.monotonic() + START_LIMIT
    while True:
        states = states_of(client)
        failed = states.get("error", ())
        expect(not failed, f"{len(failed)} failed: "
               + str([client.get(one).json["errorReason"]
                      for one in list(failed)[:3]]))
        if states.get("started") == set(ids):
            return
        counts = {state: len(them) for state, them in states.items()}
        expect(time.monotonic() < end, f"after {START_LIMIT} s: {counts}")
        time.sleep(1)


async def destroy_all(server, ids):
    turn = asyncio.Semaphore(AT_ONCE)

    async def destroy(one):
        async with turn:
            status, body = await ask(server.port, server.key, "DELETE",
                                     f"/api/sandbox/{one}")
            expect(status == 200, f"delete: {status} {body}")

    await asyncio.gather(*(destroy(one) for one in ids))


def wait_until_none(server):
    client = Client(server.port, server.key)
    end = time.monotonic() + DESTROY_LIMIT
    while left := client.every_sandbox():
        expect(time.monotonic() < end, f"{len(left)} are left")
        time.sleep(0.5)


def trial(server, count):
    watch = Watch(server)
    watch.start()
    began = time.monotonic()
    ids, deletes = asyncio.run(create_all(server, count))
    answered = time.monotonic() - began
    expect(len(set(ids)) == count - DELETES, "an id came twice")
    wait_until_started(server, ids)
    started = time.monotonic() - began
    print(f"{count} creates at once: all answered after {answered:.1f} s, "
          f"all started after {started:.1f} s; waiting at most "
          f"{watch.most_waiting}, in work at most {watch.most_working}",
          flush=True)
    print("deletes meanwhile: "
          + ", ".join(f"{took:.2f} s" for took in deletes), flush=True)
    expect(max(deletes) < DELETE_LIMIT, "a delete took too long")
    expect(watch.most_waiting > 0, "no queue was seen")
    began = time.monotonic()
    asyncio.run(destroy_all(server, ids))
    wait_until_none(server)
    print(f"all destroyed after {time.monotonic() - began:.1f} s", flush=True)
    end = time.monotonic() + 10
    while watch.look() != {"waiting": 0, "working": 0}:
        expect(time.monotonic() < end, "the queue does not empty")
    watch.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    length = os.environ.get("VARVE_TEST_LENGTH", "ci")
    count = options.count or COUNTS[length]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with own_server(options.build) as server:
        trial(server, count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
