#!/usr/bin/env python3
"""One flipped byte in the log or its WAL: the start is refused.

Every flip is made in a copy of a stopped server's data. Either the server
refuses to start and names what is broken: the record in a WAL, the file and
where it can the record in a table, which holds indexes too. Or the byte
belongs to no record and every record is still there, byte for byte; this is
counted, and a failure where the byte is known to lie in a record.
"""

import json
import os
import random
import re
import sys

from options import guarded, parse  # first: it finds the other folders

from harness.client import Client
from harness.server import Refused, Server

NAMES_THE_FILE = re.compile(r"\d+\.(sst|log) is damaged")
NAMES_THE_RECORD = re.compile(r"partition \d+, index \d+")


def files_of_the_log(data):
    """Paths, relative to `data`, of every WAL and table of the store."""
    found = []
    for root, _, files in os.walk(data):
        found += [os.path.relpath(os.path.join(root, name), data)
                  for name in files if re.fullmatch(r"\d+\.(log|sst)", name)]
    return sorted(name for name in found
                  if os.path.getsize(os.path.join(data, name)) > 0
                  and "journal" not in name)


def places(data, known, count, rng):
    """(file, offset, whether it lies in a record): some everywhere, and one
    in each of the records whose id is `known`."""
    chosen = []
    names = files_of_the_log(data)
    sizes = [os.path.getsize(os.path.join(data, name)) for name in names]
    for _ in range(count):
        name, = rng.choices(names, sizes)
        size = os.path.getsize(os.path.join(data, name))
        chosen.append((name, rng.randrange(size), False))
    for record_id in known:
        for name in names:
            with open(os.path.join(data, name), "rb") as file:
                at = file.read().find(record_id)
            if at >= 0:
                chosen.append((name, at + rng.randrange(16), True))
    return chosen


def flip(path, offset, rng):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << rng.randrange(8))]))


def records(server):
    """Lines of the dump."""
    code, output, errors = server.command("log", "dump")
    if code != 0:
        raise RuntimeError(f"log dump ended with {code}: {errors}")
    return set(output.splitlines())


class Trial:
    def __init__(self, original, options, report):
        self.original, self.options = original, options
        self.report, self.rng = report, random.Random(options.seed)
        self.counts = {"refused": 0, "naming the record": 0, "unharmed": 0}

    def write_a_log(self):
        """Some hundred records and nothing that lives."""
        client = Client(self.original.port, self.original.key)
        for number in range(3):
            sandbox = client.create(name=f"s{number}").json["id"]
            for value in range(40):
                client.request("PUT", f"/api/sandbox/{sandbox}/labels",
                               {"labels": {"n": str(value), "pad": "x" * 99}})
            answer = client.delete(sandbox)
            if answer.status != 200:
                raise RuntimeError(f"delete answered {answer}")

    def try_all(self, title, count):
        intact = records(self.original)
        some = self.rng.sample(sorted(intact), 6)
        known = [bytes.fromhex(json.loads(line)["id"]) for line in some]
        chosen = places(self.original.data, known, count, self.rng)
        inside = sum(1 for _, _, in_record in chosen if in_record)
        for name, offset, in_record in chosen:
            self.try_one(title, name, offset, in_record, intact)
        self.report.figure(f"{title}: flips", len(chosen))
        self.report.figure(f"{title}: of them known to be in a record", inside)
        return inside

    def try_one(self, title, name, offset, in_record, intact):
        where = f"{title}: {name} at {offset}"
        copy = Server(self.options.binaries)
        try:
            copy.copy_data(self.original.data)
            flip(os.path.join(copy.data, name), offset, self.rng)
            try:
                copy.start()
            except Refused as refusal:
                self.refused(where, refusal)
                return
            lost = intact - records(copy)
            self.counts["unharmed"] += 1
            self.report.expect(not lost, f"{where}: serves and has lost "
                                         f"{len(lost)} records")
            self.report.expect(not in_record, f"{where}: lies in a record "
                                              "and the server serves")
        finally:
            copy.purge()
            copy.remove_home()

    def refused(self, where, refusal):
        self.counts["refused"] += 1
        self.report.expect(refusal.code not in ("timeout", 0) and
                           refusal.code > 0,
                           f"{where}: no orderly refusal: {refusal}")
        names_record = NAMES_THE_RECORD.search(refusal.output)
        self.counts["naming the record"] += bool(names_record)
        self.report.expect(
            NAMES_THE_FILE.search(refusal.output)
            and (names_record or ".sst" in where),
            f"{where}: refused without naming the place: "
            f"{refusal.output[-600:]}")

    def run(self):
        count = self.options.by_length(ci=10, full=150)
        self.write_a_log()
        self.original.kill()
        inside = self.try_all("in the WAL", count)
        self.report.expect(inside > 0, "no record was found in the WAL")
        self.original.start()  # reads the WAL and writes tables
        self.original.stop()
        self.try_all("after a clean end", count)
        for what, value in self.counts.items():
            self.report.figure(what, value)


def trial(options, report):
    server = Server(options.binaries)
    with guarded(server, report):
        server.start()
        Trial(server, options, report).run()


if __name__ == "__main__":
    sys.exit(parse(__doc__).run("flipped byte", trial))
