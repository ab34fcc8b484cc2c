#!/usr/bin/env python3
"""Many sandboxes listed page by page while others come, change and go: none
that stays is missed, none is shown twice.

1 000 at full length, 60 in continuous integration. Those that stay are changed
as well where that does not move them in the order that is asked for; by last
activity, which is the order of who asks for none, it would.
"""

import argparse
import os
import random
import sys
import threading
import time

from boxes import IS_FULL, Failed, Trials, expect, in_parallel

from harness.client import Client
from harness.own_server import own_server

STAYING = 1000 if IS_FULL else 60
CHANGES = 100 if IS_FULL else 12  # during the passes in one order
PAGE = 20 if IS_FULL else 5
AT_ONCE = 8
CHURNERS = 3


def make(server, name):
    """Stopped at once: so many need not run."""
    client = Client(server.port, server.key)
    try:
        answer = client.create(name=name, autoStopInterval=0)
        expect(answer.status == 200, f"create: {answer}")
        stopped = client.act(answer.json["id"], "stop?force=true")
        expect(stopped.status == 200, f"stop: {stopped}")
        return answer.json["id"]
    finally:
        client.close()


class Churn:
    """Sandboxes that are made, renamed by label, started and deleted."""

    def __init__(self, server, staying):
        self.server, self.staying = server, staying
        self.over, self.touching = threading.Event(), threading.Event()
        self.changes, self.problems = 0, []
        self.threads = [threading.Thread(target=self.run, args=(n,))
                        for n in range(CHURNERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        client, dice = Client(self.server.port, self.server.key), \
            random.Random(number)
        count = 0
        while not self.over.is_set():
            count += 1
            self.good(client.create(name=f"comes-{number}-{count}"))
            kept = dice.choice(self.staying)
            if self.touching.is_set():
                self.good(client.request("PUT", f"/api/sandbox/{kept}/labels",
                                         {"labels": {"turn": str(count)}}))
            self.good(client.delete(f"comes-{number}-{count}"))
        client.close()

    def good(self, answer):
        self.changes += 1
        if answer.status != 200:
            self.problems.append(str(answer))


def every_page(client, query):
    ids, pages, cursor = [], 0, ""
    while True:
        answer = client.request(
            "GET", f"/api/sandbox?limit={PAGE}{query}{cursor}")
        expect(answer.status == 200, f"list: {answer}")
        ids += [item["id"] for item in answer.json["items"]]
        pages += 1
        if not answer.json["nextCursor"]:
            return ids, pages
        cursor = "&cursor=" + answer.json["nextCursor"]


def listed_under_churn(server):
    begun = time.monotonic()
    staying = in_parallel(lambda n: make(server, f"stays-{n:04}"),
                          range(STAYING), AT_ONCE)
    print(f"   {STAYING} made in {time.monotonic() - begun:.0f} s", flush=True)
    client = Client(server.port, server.key)
    with Churn(server, staying) as churn:
        for query in ("&sort=createdAt&order=asc", "&sort=name&order=desc"):
            churn.touching.set()
            pages_of(client, query, churn)
        churn.touching.clear()
        time.sleep(1)  # what is on its way moves those that stay
        pages_of(client, "", churn)
    if churn.problems:
        raise Failed(f"the churn: {churn.problems[:3]}")


def pages_of(client, query, churn):
    """Passes in one order, until much has changed during them."""
    begun, first, passes = time.monotonic(), churn.changes, 0
    while churn.changes - first < CHANGES:
        expect(time.monotonic() - begun < 120, "nothing changes meanwhile")
        ids, pages = every_page(client, query)
        shown, passes = set(ids), passes + 1
        missed = set(churn.staying) - shown
        expect(not missed, f"{query}: {len(missed)} missed: "
                           f"{sorted(missed)[:5]}")
        expect(len(ids) == len(shown), f"{query}: shown twice: "
               f"{sorted(i for i in shown if ids.count(i) > 1)[:5]}")
    print(f"   {passes} times {pages} pages{query}, "
          f"{churn.changes - first} changes meanwhile", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    trials = Trials()
    with own_server(options.build) as server:
        trials.run("listed under churn", lambda: listed_under_churn(server))
        return trials.end(server)


if __name__ == "__main__":
    sys.exit(main())
