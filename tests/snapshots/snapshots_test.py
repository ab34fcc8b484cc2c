#!/usr/bin/env python3
"""Snapshots and sandboxes made of images from a registry on loopback."""

import argparse
import os
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness.client import Client, Lost  # noqa: E402  (needs the path)
from harness.own_server import own_server  # noqa: E402
from harness.registry import Layer, Registry, busybox_layer  # noqa: E402

WAIT_LIMIT = 120  # seconds for a pull on a busy machine
REPEATS = {"ci": 5, "full": 50}
PYTHON = "python:3.12.10-slim-bookworm"
REPOSITORY = "library/python"


class Failed(Exception):
    pass


def expect(condition, what):
    if not condition:
        raise Failed(what)


class Api:
    def __init__(self, server):
        self.client = Client(server.port, server.key, timeout=120)

    def ask(self, method, path, body=None, status=200):
        answer = self.client.request(method, "/api" + path, body)
        expect(answer.status == status, f"{method} {path}: {answer}")
        return answer.json if answer.body else None

    def create_snapshot(self, name, image=PYTHON, **more):
        return self.ask("POST", "/snapshots",
                        {"name": name, "imageName": image, **more})

    def snapshot(self, name, status=200):
        return self.ask("GET", "/snapshots/"
                        + urllib.parse.quote(name, safe=""), status=status)

    def wait_snapshot(self, name):
        until = time.monotonic() + WAIT_LIMIT
        while True:
            shown = self.snapshot(name)
            if shown["state"] in ("active", "error", "build_failed"):
                return shown
            expect(time.monotonic() < until, f"{name} stays {shown['state']}")
            time.sleep(0.1)

    def wait_sandbox(self, sandbox_id):
        until = time.monotonic() + WAIT_LIMIT
        while True:
            shown = self.ask("GET", f"/sandbox/{sandbox_id}")
            if shown["state"] in ("started", "error"):
                return shown
            expect(time.monotonic() < until,
                   f"{sandbox_id} stays {shown['state']}")
            time.sleep(0.1)

    def sandbox(self, **body):
        """A started one."""
        made = self.ask("POST", "/sandbox", body)
        shown = self.wait_sandbox(made["id"])
        expect(shown["state"] == "started", f"not started: {shown}")
        return shown

    def run(self, sandbox, command):
        answer = self.client.execute(sandbox["id"], command)
        expect(answer.status == 200, f"{command}: {answer}")
        return answer.json["result"].strip()

    def delete(self, sandbox):
        self.ask("DELETE", f"/sandbox/{sandbox['id']}")

    def log(self, path):
        answer = self.client.request("GET", path)
        expect(answer.status == 200, f"{path}: {answer}")
        return answer.body.decode()


def put_images(registry):
    below = busybox_layer()
    below.folder("app").file("app/gone", b"1").file("app/kept", b"2")
    below.folder("app/old").file("app/old/a", b"3")
    below.file("app/owned", b"4", 0o640, 1000)
    below.file("app/tagged", b"5", more={"SCHILY.xattr.user.note": "kept",
                                         "SCHILY.xattr.trusted.overlay.x": "n"})
    below.link("app/twin", "app/kept", hard=True)
    above = Layer().folder("app").file("app/.wh.gone")
    above.folder("app/old").file("app/old/.wh..wh..opq")
    above.file("app/old/new", b"6").file("app/\u00fcber", b"7")
    above.device("app/disk")
    registry.put_image(REPOSITORY, "3.12.10-slim-bookworm", [below, above],
                       Env=["PATH=/bin", "GREETING=from the image"],
                       WorkingDir="/app", User="web", Cmd=["sh"])


def put_broken_images(registry):
    """{tag: words that the reason must have}"""
    def layer(text):
        return Layer().file("a", text)

    lost = registry.put_image(REPOSITORY, "lost", [layer(b"lost")])
    registry.lose_blob(lost[0])
    damaged = registry.put_image(REPOSITORY, "damaged", [layer(b"damaged")])
    registry.damage_blob(damaged[0])
    other = "arm64" if os.uname().machine == "x86_64" else "amd64"
    registry.put_image(REPOSITORY, "other", [layer(b"other")], arch=other)
    blob = registry.put_blob(REPOSITORY, b"{}")
    registry.put_manifest(REPOSITORY, "chart", {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json",
                   "size": 2, "digest": blob},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "size": 2, "digest": blob}]})
    registry.put_image(REPOSITORY, "climbs", [Layer().file("../escaped")])
    registry.put_image(REPOSITORY, "through", [
        Layer().link("way", "/etc").file("way/escaped", b"x")])
    return {"lost": "blob", "damaged": "igest", "other": "linux/" + other,
            "chart": "no image", "climbs": "out of the image",
            "through": "way", "never-there": "manifest unknown"}


def check_contents(api, sandbox):
    run = lambda command: api.run(sandbox, command)  # noqa: E731
    expect(run("pwd") == "/app", "the working directory is not the image's")
    expect(run("id -un") == "web", "the user is not the image's")
    expect(run("echo $GREETING") == "from the image", "no env of the image")
    names = run("echo *").split()
    expect("gone" not in names and "disk" not in names, f"names: {names}")
    expect("\u00fcber" in names, f"names: {names}")
    expect(run("ls /app/old") == "new", "an opaque directory shows more")
    expect(run("cat /app/kept /app/twin") == "22", "a hard link is lost")
    expect(run("stat -c %u:%a /app/owned") == "1000:640", "ownership is lost")
    expect(run("cat /app/owned") == "4", "what the user owns cannot be read")


def test_snapshot(api, _server, _registry):
    """a snapshot of an image, and sandboxes of it"""
    name = "team/python:1"
    made = api.create_snapshot(name, cpu=1, memory=1, disk=2)
    expect(made["state"] in ("pending", "pulling"), f"first: {made}")
    expect(made["imageName"] == PYTHON and not made["general"], str(made))
    shown = api.wait_snapshot(name)
    expect(shown["state"] == "active", f"not active: {shown}")
    expect(shown["id"] == made["id"] and shown["entrypoint"] == ["sh"]
           and shown["size"] > 0 and shown["disk"] == 2, str(shown))
    expect(api.snapshot(made["id"])["name"] == name, "not found by its id")
    listed = api.ask("GET", "/snapshots?name=team")["items"]
    expect([it["name"] for it in listed] == [name], f"listed: {listed}")
    first, second = api.sandbox(snapshot=name), api.sandbox(snapshot=name)
    expect(first["snapshot"] == name and first["user"] == "web", str(first))
    check_contents(api, first)
    api.run(first, "echo mine >/app/old/mine")
    expect(api.run(second, "ls /app/old") == "new", "one sees another's files")
    again = api.client.request("POST", "/api/snapshots", {
        "name": name, "imageName": PYTHON})
    expect(again.status == 409, f"the name again: {again}")
    log = api.log(f"/api/snapshots/{made['id']}/build-logs")
    expect("Pulled " + PYTHON in log, f"log: {log}")
    api.delete(first)
    api.delete(second)


def test_life(api, _server, _registry):
    """deactivate, activate, delete, and the name again"""
    made = api.create_snapshot("life:1", entrypoint=["sleep", "9"])
    expect(api.wait_snapshot("life:1")["entrypoint"] == ["sleep", "9"],
           "the entrypoint was not taken")
    api.ask("POST", f"/snapshots/{made['id']}/deactivate", status=204)
    api.ask("POST", f"/snapshots/{made['id']}/deactivate", status=204)
    expect(api.snapshot("life:1")["state"] == "inactive", "still active")
    answer = api.client.request("POST", "/api/sandbox", {"snapshot": "life:1"})
    expect(answer.status == 400 and b"is inactive" in answer.body, str(answer))
    api.ask("POST", f"/snapshots/{made['id']}/activate")
    expect(api.wait_snapshot("life:1")["state"] == "active", "not active")
    answer = api.client.request("POST",
                                f"/api/snapshots/{made['id']}/activate")
    expect(answer.status == 400 and b"already active" in answer.body,
           str(answer))
    api.ask("DELETE", "/snapshots/life%3A1", status=400)
    box = api.sandbox(snapshot="life:1")
    api.ask("DELETE", f"/snapshots/{made['id']}")
    api.snapshot("life:1", status=404)
    other = api.create_snapshot("life:1")
    expect(other["id"] != made["id"], "the same snapshot again")
    expect(api.wait_snapshot("life:1")["state"] == "active", "not active")
    # What was made of the first one still runs, and starts again.
    api.ask("POST", f"/sandbox/{box['id']}/stop")
    api.ask("POST", f"/sandbox/{box['id']}/start")
    expect(api.wait_sandbox(box["id"])["state"] == "started", "no start")
    expect(api.run(box, "cat /app/kept") == "2", "its files are gone")
    api.delete(box)
    general = api.snapshot("varve/base")
    api.ask("DELETE", f"/snapshots/{general['id']}", status=403)


def test_create_from_image(api, server, _registry):
    """a sandbox of an image, and the log of its pull to several readers"""
    made = api.ask("POST", "/sandbox", {
        "buildInfo": {"dockerfileContent": f"FROM {PYTHON}\n"},
        "cpu": 1, "memory": 1, "disk": 2, "env": {"MORE": "given"}})
    expect(made["state"] == "pending_build", f"first: {made['state']}")
    url = api.ask("GET", f"/sandbox/{made['id']}/build-logs-url")["url"]
    expect("?" not in url, url)
    path = urllib.parse.urlsplit(url).path
    heard = []

    def follow():
        heard.append(Api(server).log(path + "?follow=true"))

    readers = [threading.Thread(target=follow) for _ in range(3)]
    for reader in readers:
        reader.start()
    shown = api.wait_sandbox(made["id"])
    expect(shown["state"] == "started", f"not started: {shown}")
    for reader in readers:
        reader.join(timeout=60)
    expect(len(heard) == 3 and len(set(heard)) == 1, f"heard: {heard}")
    expect("Looking up " + PYTHON in heard[0], f"heard: {heard[0]}")
    expect(api.log(path + "?offset=8") == heard[0][8:], "not from byte 8 on")
    expect(shown["user"] == "web" and shown["memory"] == 1, str(shown))
    check_contents(api, shown)
    expect(api.run(shown, "echo $MORE") == "given", "env was not given")
    api.delete(shown)


def test_waiting(api, _server, registry):
    """what may be done to what waits for its image"""
    with registry.silent():
        made = api.ask("POST", "/sandbox", {
            "buildInfo": {"dockerfileContent": f"FROM {PYTHON}\n"}})
        where = f"/sandbox/{made['id']}"
        for command in ("stop", "pause"):
            api.ask("POST", f"{where}/{command}", status=409)
        api.ask("POST", where + "/resize", {"memory": 2}, status=409)
        api.ask("POST", where + "/autostop/5")
        labels = api.ask("PUT", where + "/labels", {"labels": {"a": "b"}})
        expect(api.ask("GET", where)["state"] == "pending_build", str(labels))
        api.ask("DELETE", where)
        snapshot = api.create_snapshot("waiting:1")
        expect(api.snapshot("waiting:1")["state"] == "pending", str(snapshot))
        api.ask("DELETE", f"/snapshots/{snapshot['id']}")
        api.snapshot("waiting:1", status=404)
    until = time.monotonic() + WAIT_LIMIT
    while api.client.get(made["id"]).status != 404:
        expect(time.monotonic() < until, "it is not gone")
        time.sleep(0.1)


def test_broken(api, _server, registry):
    """broken images: what is said, and that nothing is left in the way"""
    for tag, words in put_broken_images(registry).items():
        made = api.create_snapshot("broken:" + tag, f"python:{tag}")
        shown = api.wait_snapshot("broken:" + tag)
        expect(shown["state"] == "error" and words in shown["errorReason"],
               f"{tag}: {shown['state']}: {shown['errorReason']}")
        log = api.log(f"/api/snapshots/{made['id']}/build-logs?follow=true")
        expect("Failed: " in log, f"{tag}: {log}")
        api.ask("DELETE", f"/snapshots/{made['id']}")
    made = api.ask("POST", "/sandbox", {
        "buildInfo": {"dockerfileContent": "FROM python:lost"}})
    shown = api.wait_sandbox(made["id"])
    expect(shown["state"] == "error" and not shown["recoverable"], str(shown))
    api.delete(shown)


def test_refusals(api, _server, _registry):
    """what is refused names what it is about"""
    def refused(status, words, path="/snapshots", **body):
        answer = api.client.request("POST", "/api" + path, body)
        expect(answer.status == status and words in answer.body.decode(),
               f"{body}: {answer}")

    refused(400, "Must specify an image name", name="a")
    refused(400, "must include a tag", name="a", imageName="python")
    refused(400, ":latest", name="a", imageName="python:latest")
    refused(400, "Invalid image name", name="a", imageName="--x/a:1 b")
    refused(400, "Invalid snapshot name", name="a b", imageName=PYTHON)
    refused(400, "contextHashes", name="a", buildInfo={
        "dockerfileContent": "FROM a:1\n", "contextHashes": ["../00"]})
    refused(400, "must begin with FROM", name="a", buildInfo={
        "dockerfileContent": "# nothing\n"})
    refused(400, "64 KiB", name="a", buildInfo={
        "dockerfileContent": "FROM a:1\nRUN " + 65536 * "x"})
    refused(422, "gpu", name="a", imageName=PYTHON, gpu=1)
    refused(404, "Region", name="a", imageName=PYTHON, regionId="mars")
    refused(400, "Cannot specify an entrypoint", name="a", entrypoint=["x"],
            buildInfo={"dockerfileContent": "FROM a:1\nRUN true\n"})


def test_kills(api, server, registry):
    """killed while pulling, the server goes on with it"""
    bulk = os.urandom(24 << 20)
    registry.put_image(REPOSITORY, "bulk", [
        busybox_layer().file("bulk", bulk), Layer().file("bulk2", bulk[::-1])])
    for turn in range(REPEATS[os.environ.get("VARVE_TEST_LENGTH", "ci")]):
        name = f"killed:{turn}"
        image = f"python:bulk{turn}"
        registry.put_image(REPOSITORY, f"bulk{turn}", [
            busybox_layer().file("bulk", bulk),
            Layer().file("turn", str(turn).encode() + bulk)])
        made = api.create_snapshot(name, image)
        time.sleep(0.15 * (turn + 1))
        server.kill()
        server.start()
        api.client.close()
        shown = api.wait_snapshot(name)
        expect(shown["state"] == "active", f"{turn}: {shown}")
        box = api.sandbox(snapshot=name)
        size = api.run(box, "stat -c %s /bulk")
        expect(size == str(len(bulk)), f"half of a layer is there: {size}")
        api.delete(box)
        api.ask("DELETE", f"/snapshots/{made['id']}")
    left = os.listdir(os.path.join(server.data, "image-store/work"))
    expect(left == [], f"left half made: {left}")


TESTS = [test_snapshot, test_life, test_create_from_image, test_waiting,
         test_broken, test_refusals, test_kills]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    failed = 0
    with Registry() as registry:
        put_images(registry)

        def prepare(server):
            server.options += ["--registries", registry.registries_conf()]

        with own_server(chosen.build, prepare) as server:
            for test in TESTS:
                if chosen.only not in test.__name__:
                    continue
                api = Api(server)
                begun = time.monotonic()
                try:
                    test(api, server, registry)
                    print(f"ok {test.__doc__} "
                          f"({time.monotonic() - begun:.1f} s)", flush=True)
                except (Failed, Lost) as problem:
                    failed += 1
                    print(f"FAILED {test.__doc__}: {problem}", flush=True)
                finally:
                    api.client.close()
            if failed:
                print("server log:\n" + server.log_tail())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
