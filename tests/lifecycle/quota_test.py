#!/usr/bin/env python3
"""A hundred creates at once against a quota of ten, round after round: never
an eleventh, and all of it free at once when they are deleted or fail. Ends
with the log read back: at no record was more held than allowed."""

import argparse
import concurrent.futures
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness.client import Client  # noqa: E402  (needs the path)
from harness.own_server import own_server  # noqa: E402
from harness.server import images_folder  # noqa: E402

ROUNDS = {"ci": 4, "full": 200}
AT_ONCE, QUOTA = 100, 10
WAIT_LIMIT = 60
# What a sandbox of the default size takes of each.
KINDS = {"sandboxes": 1, "cpu": 1, "memory": 1, "disk": 3}
# Its files are missing: a create of it fails.
BROKEN = "broken"
HELD_UNTIL = {"SandboxDestroyRequested", "SandboxFailed"}


def expect(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def add_broken_image(server):
    """Links to every image, and one more that has no files."""
    folder = os.path.join(server.data, "images")
    os.unlink(folder)
    os.makedirs(os.path.join(folder, BROKEN))
    for name in os.listdir(images_folder()):
        os.symlink(os.path.join(images_folder(), name),
                   os.path.join(folder, name))
    with open(os.path.join(folder, BROKEN, "config.json"), "w",
              encoding="ascii") as config:
        json.dump({"name": BROKEN, "user": "root", "env": [], "workdir": "",
                   "entrypoint": [], "sizeBytes": 1}, config)


def is_refusal(answer):
    return (answer.status == 400
            and "limit exceeded" in answer.json["message"])


class Crowd:
    """So many clients with a connection each."""

    def __init__(self, server):
        self.clients = [Client(server.port, server.key)
                        for _ in range(AT_ONCE)]
        self.pool = concurrent.futures.ThreadPoolExecutor(AT_ONCE)

    def create(self, snapshot):
        """The answers of those that were admitted; the others were refused."""
        answers = list(self.pool.map(
            lambda client: client.create(snapshot=snapshot), self.clients))
        return [answer for answer in answers if not is_refusal(answer)]

    def delete(self, ids):
        for answer in self.pool.map(lambda pair: pair[0].delete(pair[1]),
                                    zip(self.clients, ids)):
            expect(answer.status == 200, f"delete: {answer}")

    def all_of_them(self):
        return self.clients[0].every_sandbox()

    def usage(self):
        answer = self.clients[0].request("GET", "/api/varve/usage?limit=200")
        expect(answer.status == 200, f"usage: {answer}")
        return answer.json


def organization_of(server):
    code, output, errors = server.command("organization", "list")
    expect(code == 0, f"organization list: {errors}")
    return output.split()[0]


def set_quota(server, organization, **limits):
    words = [f"{name}={value}" for name, value in limits.items()]
    code, _, errors = server.command("organization", "quota", organization,
                                     *words)
    expect(code == 0, f"organization quota: {errors}")


def nothing_is_held(used):
    return all(used[kind] == 0 for kind in KINDS)


def deleted_round(crowd, kind):
    answers = crowd.create("busybox")
    for answer in answers:
        expect(answer.status == 200, f"create: {answer}")
    ids = [answer.json["id"] for answer in answers]
    expect(len(ids) == QUOTA, f"{len(ids)} were admitted by {kind}")
    usage = crowd.usage()
    expect(usage["used"][kind] == QUOTA * KINDS[kind], f"it shows {usage}")
    expect(sorted(h["sandboxId"] for h in usage["holders"]) == sorted(ids),
           f"others hold it: {usage['holders']}")
    crowd.delete(ids)
    expect(nothing_is_held(crowd.usage()["used"]), "it is not free")


def failed_round(crowd, kind):
    """What fails frees its share for the next at once, but for its place
    among the sandboxes."""
    answers = crowd.create(BROKEN)
    expect(len(answers) >= QUOTA,
           f"only {len(answers)} were admitted by {kind}")
    for answer in answers:
        # Whoever waited long enough was told how it ended.
        expect(answer.status == 200 or "failed to start"
               in answer.json["message"], f"create: {answer}")
    end = time.monotonic() + WAIT_LIMIT
    while {one["state"] for one in crowd.all_of_them()} != {"error"}:
        expect(time.monotonic() < end, "they do not fail")
        time.sleep(0.05)
    ids = [one["id"] for one in crowd.all_of_them()]
    expect(len(ids) == len(answers), f"{len(ids)} are there")
    used = crowd.usage()["used"]
    expect(used[kind] == 0, f"what failed holds {used}")
    while ids:
        crowd.delete(ids[:AT_ONCE])
        ids = ids[AT_ONCE:]
    expect(nothing_is_held(crowd.usage()["used"]), "it is not free")


def most_held(server):
    """The most that was ever held at once while each quota was in force, in
    quotas, as the log has it."""
    code, output, errors = server.command("log", "dump")
    expect(code == 0, f"log dump: {errors}")
    holders, worst, creates = set(), 0, 0
    for record in map(json.loads, output.splitlines()):
        for entry in record["entries"]:
            if entry["event_type"] == "SandboxCreated":
                holders.add(entry["aggregate_id"])
                creates += 1
            elif entry["event_type"] in HELD_UNTIL:
                holders.discard(entry["aggregate_id"])
            worst = max(worst, len(holders))
    return worst, creates


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    rounds = ROUNDS[os.environ.get("VARVE_TEST_LENGTH", "ci")]
    began = time.monotonic()
    with own_server(options.build, prepare=add_broken_image) as server:
        crowd = Crowd(server)
        organization = organization_of(server)
        kinds = list(KINDS)
        for number in range(rounds):
            kind = kinds[number % len(kinds)]
            limits = {name: "none" for name in kinds}
            limits[kind] = QUOTA * KINDS[kind]
            set_quota(server, organization, **limits)
            deleted_round(crowd, kind)
            if kind != "sandboxes":
                failed_round(crowd, kind)
            if number % 20 == 19:
                print(f"{number + 1} rounds", flush=True)
        worst, creates = most_held(server)
        expect(worst == QUOTA, f"{worst} held it at once")
    print(f"ok {rounds} rounds of {AT_ONCE} at once, {creates} creates "
          f"admitted, never more than {worst} at once "
          f"({time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
