#!/usr/bin/env python3
"""Sandboxes that are archived, restored and forked through the real API."""

import argparse
import os
import sys

from boxes import Sandbox, Trials, expect  # first: it finds the harness

from harness.client import Client
from harness.own_server import own_server

WAIT_LIMIT = 100

# What a sandbox may leave behind: files, links, owners, attributes, and what
# is gone of its image.
WORK = """set -e
mkdir -p /work/deep; cd /work
head -c 3000000 /dev/urandom > deep/noise; echo text > deep/text
ln -s deep/text link; ln deep/text twin; mkfifo pipe
truncate -s 50M hole; chmod 4755 deep/text
python3 -c 'import os; os.setxattr("/work/deep/noise", "user.note", b"n")'
chown 1234:4321 deep; touch -d '2001-02-03 04:05:06' deep/text
rm -rf /usr/share/doc /etc/motd; mkdir /usr/share/doc; echo new > \
  /usr/share/doc/new"""
LOOK = """cd /; (find work usr/share/doc etc/motd -printf \
'%p %y %m %U %G %s %l %T@ %n\\n' 2>/dev/null | grep -v 'usr/share/doc d'; \
find work -type f -exec sha256sum {} +; python3 -c 'import os; \
print(os.getxattr("/work/deep/noise", "user.note"))'; \
ls /etc/motd 2>&1; cat /usr/share/doc/new) | sort"""


def as_root(box, text):
    return box.run(f"sudo sh -c '{quoted(text)}' 2>&1")


def quoted(text):
    return text.replace("'", "'\"'\"'")


def worked(server, **body):
    box = Sandbox(server, autoStopInterval=0, **body)
    as_root(box, WORK)
    seen = as_root(box, LOOK)
    expect("deep/noise" in seen and "b'n'" in seen, f"not prepared: {seen}")
    return box, seen


def files_of(server, name, folder="sandboxes"):
    path = os.path.join(server.data, folder)
    return [entry for entry in (os.listdir(path) if os.path.isdir(path)
                                else []) if entry.startswith(name)]


def archive_and_restore(server):
    box, seen = worked(server)
    box.post("archive", status=400)
    box.post("stop")
    shown = box.post("archive")
    expect(shown["state"] in ("archiving", "archived"), f"{shown['state']}")
    box.wait_for("archived", WAIT_LIMIT)
    expect(box.post("archive")["state"] == "archived", "again is no ok")
    box.post("stop", status=400)
    box.post("pause", status=400)
    box.post("fork", {}, status=400)
    shown = box.client.get(box.id).json
    expect(shown["desiredState"] == "archived", f"{shown['desiredState']}")
    expect(shown["backupState"] == "Completed", f"{shown['backupState']}")
    expect(not files_of(server, box.id), "its files are on the runner still")
    expect(len(files_of(server, box.id, "archives")) == 2, "no archive")
    shown = box.post("start")
    expect(shown["state"] in ("restoring", "started"), f"{shown['state']}")
    box.wait_for("started", WAIT_LIMIT)
    after = as_root(box, LOOK)
    expect(after == seen, f"it came back otherwise:\n{seen}\n--\n{after}")
    expect(not files_of(server, box.id, "archives"), "the archive is left")
    box.delete()


def archived_is_deleted(server):
    box, _ = worked(server)
    box.post("stop")
    box.post("archive")
    box.wait_for("archived", WAIT_LIMIT)
    box.delete()
    box.wait_for("gone", 30)
    expect(not files_of(server, box.id, "archives"), "the archive is left")


def archiving_is_deleted(server):
    box, _ = worked(server)
    box.post("stop")
    box.post("archive")
    box.delete()
    box.wait_for("gone", 30)
    expect(not files_of(server, box.id, "archives"), "the archive is left")


def damage_is_noticed(server):
    box, seen = worked(server)
    box.post("stop")
    box.post("archive")
    box.wait_for("archived", WAIT_LIMIT)
    path = os.path.join(server.data, "archives", box.id + ".tar.zst")
    with open(path, "r+b") as file:
        file.seek(1000)
        was = file.read(1)
        file.seek(1000)
        file.write(bytes([was[0] ^ 255]))
    box.client.request("POST", f"/api/sandbox/{box.id}/start")
    box.wait_for("error", WAIT_LIMIT)
    shown = box.client.get(box.id).json
    expect("damaged" in shown["errorReason"], f"{shown['errorReason']}")
    expect(shown["recoverable"], "it cannot be recovered")
    aside = box.post("recover?skipStart=true")
    expect(aside["state"] in ("archived", "stopping"), f"{aside['state']}")
    box.wait_for("archived", 30)
    with open(path, "r+b") as file:
        file.seek(1000)
        file.write(was)
    box.post("start")
    box.wait_for("started", WAIT_LIMIT)
    expect(as_root(box, LOOK) == seen, "it came back otherwise")
    box.delete()


def fork(server):
    box, seen = worked(server, env={"SECRET": "s3"}, labels={"a": "b"},
                       name="origin")
    child = box.post("fork", {"name": "twin"})
    expect(child["id"] != box.id and child["name"] == "twin", f"{child}")
    expect(child["labels"] == {"a": "b"}, f"{child['labels']}")
    twin = Sandbox.__new__(Sandbox)
    twin.client, twin.id = Client(server.port, server.key, 300), child["id"]
    twin.wait_for("started", WAIT_LIMIT)
    expect(as_root(twin, LOOK) == seen, "the fork has other files")
    expect(twin.run("printenv SECRET") == "s3", "the fork has another env")
    as_root(box, "echo mine > /work/twin")
    expect(as_root(twin, "cat /work/twin") == "text", "they share a file")
    again = box.client.request("POST", f"/api/sandbox/{box.id}/fork",
                               {"name": "twin"})
    expect(again.status == 409, f"the name was free: {again}")
    box.post("stop")
    grandchild = twin.post("fork", {})
    late = box.post("fork", {})
    lineage(twin, box, child, grandchild, late)
    for entry in (late["id"], grandchild["id"], child["id"], box.id):
        answer = box.client.delete(entry)
        expect(answer.status == 200, f"delete: {answer}")


def lineage(twin, box, child, grandchild, late):
    def ask(sandbox_id, what):
        answer = box.client.request("GET", f"/api/sandbox/{sandbox_id}/{what}")
        return answer.json if answer.status == 200 else answer.status

    def ids(listed):
        return [entry["id"] for entry in listed]

    expect(set(ids(ask(box.id, "forks"))) == {child["id"], late["id"]},
           "forks are missing")
    expect(ask(child["id"], "parent")["id"] == box.id, "another parent")
    expect(ask(box.id, "parent") == 404, "it has a parent")
    expect(ids(ask(grandchild["id"], "ancestors")) == [box.id, child["id"]],
           "another line")
    expect(ids(ask(twin.id, "forks")) == [grandchild["id"]], "no grandchild")
    listed = box.client.request(
        "GET", "/api/sandbox/paginated?limit=1&page=2&sort=name&order=asc")
    expect(listed.status == 200 and listed.json["total"] >= 4, f"{listed}")
    expect(len(listed.json["items"]) == 1, f"{listed}")


TRIALS = (archive_and_restore, archived_is_deleted, archiving_is_deleted,
          damage_is_noticed, fork)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    options = parser.parse_args()
    trials = Trials()
    with own_server(options.build) as server:
        for trial in TRIALS:
            trials.run(trial.__name__, lambda t=trial: t(server))
        return trials.end(server)


if __name__ == "__main__":
    sys.exit(main())
