#!/usr/bin/env python3
"""Snapshots and sandboxes of Dockerfiles, built by the server."""

import argparse
import io
import os
import socket
import sys
import tarfile
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, "../objects")]

from harness import kernel_view  # noqa: E402  (needs the path)
from harness.client import Lost  # noqa: E402
from harness.internet import Internet  # noqa: E402
from harness.own_server import own_server  # noqa: E402
from harness.registry import Registry, busybox_layer  # noqa: E402
from signed_client import SignedClient  # noqa: E402
from snapshots_test import (PYTHON, REPEATS, REPOSITORY, WAIT_LIMIT, Api,  # noqa: E402
                            Failed, expect)

LIMITS = ["--build-seconds", "20", "--build-disk", "1", "--build-memory",
          "256", "--build-cpus", "1"]
END_LIMIT = 20  # seconds for what was killed to be gone


def dockerfile(*lines):
    return "\n".join([f"FROM {PYTHON}", *lines]) + "\n"


def build_info(*lines, contexts=()):
    return {"dockerfileContent": dockerfile(*lines),
            "contextHashes": list(contexts)}


class Builds(Api):
    def begin(self, name, *lines, contexts=()):
        return self.ask("POST", "/snapshots", {
            "name": name, "buildInfo": build_info(*lines, contexts=contexts)})

    def build(self, name, *lines, contexts=()):
        made = self.begin(name, *lines, contexts=contexts)
        shown = self.wait_snapshot(name)
        return shown, self.log(
            f"/api/snapshots/{made['id']}/build-logs?follow=true")

    def remove(self, snapshot):
        self.ask("DELETE", f"/snapshots/{snapshot['id']}")

    def upload(self, server, context, files):
        """What SDKs upload before they ask for a build."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(text), 0o644
                tar.addfile(entry, io.BytesIO(text))
        access = self.ask("GET", "/object-storage/push-access")
        answer = SignedClient(server.port, access).request(
            "PUT", f"{access['organizationId']}/{context}/context.tar",
            body=data.getvalue())
        expect(answer.status == 200, f"upload: {answer.status}")


def test_build(api, server, _registry):
    """a Dockerfile with a context becomes a snapshot, and a sandbox"""
    api.upload(server, "aa11", {"srv/one.txt": b"first"})
    api.upload(server, "bb22", {"srv/two/deep.txt": b"second"})
    name = "built/python:1"
    made = api.begin(
        name, "ARG WORD=hello", "RUN echo $WORD from RUN && id -u > /who",
        "COPY srv/one.txt /one", "COPY srv/two /two", "ENV GREETING=built",
        "RUN mkdir /app && chown web /app", "USER web", "WORKDIR /app",
        'ENTRYPOINT ["sleep", "9999"]', contexts=["aa11", "bb22"])
    expect(made["state"] in ("pending", "building"), f"first: {made}")
    expect(made["buildInfo"]["contextHashes"] == ["aa11", "bb22"], str(made))
    url = api.ask("GET", f"/snapshots/{made['id']}/build-logs-url")["url"]
    path = urllib.parse.urlsplit(url).path
    heard = []
    readers = [threading.Thread(target=lambda: heard.append(
        Builds(server).log(path + "?follow=true"))) for _ in range(3)]
    for reader in readers:
        reader.start()
    shown = api.wait_snapshot(name)
    expect(shown["state"] == "active", f"not active: {shown}")
    for reader in readers:
        reader.join(timeout=60)
    expect(len(heard) == 3 and len(set(heard)) == 1, f"heard: {heard}")
    expect("hello from RUN" in heard[0] and "STEP" in heard[0], heard[0])
    later = api.log(f"/api/snapshots/{made['id']}/build-logs?follow=true")
    expect(later == heard[0], "the log is another afterwards")
    expect(api.log(path + "?offset=9") == heard[0][9:], "not from byte 9 on")
    expect(shown["entrypoint"] == ["sleep", "9999"] and shown["size"] > 0,
           str(shown))
    box = api.sandbox(snapshot=name)
    expect(box["user"] == "web", f"user: {box}")
    expect(api.run(box, "cat /one /two/deep.txt /who") == "firstsecond0",
           "files of the build are not there")
    expect(api.run(box, "pwd; echo $GREETING; stat -c %U /app").split()
           == ["/app", "built", "web"], "its configuration is not there")
    api.delete(box)
    api.remove(made)


def test_sandbox(api, _server, _registry):
    """a sandbox of a Dockerfile, and the next one without building"""
    info = build_info("RUN date +%N >/when", "RUN echo y >/y")
    made = api.ask("POST", "/sandbox", {
        "buildInfo": info, "cpu": 1, "memory": 1, "disk": 2})
    expect(made["state"] == "pending_build", f"first: {made['state']}")
    shown = api.wait_sandbox(made["id"])
    expect(shown["state"] == "started", f"not started: {shown}")
    log = api.log(f"/api/sandbox/{made['id']}/build-logs?follow=true")
    expect("STEP" in log, f"log: {log}")
    first = api.run(shown, "cat /when")
    again = api.sandbox(buildInfo=info)
    expect(api.run(again, "cat /when") == first, "it was built again")
    other = api.sandbox(buildInfo=build_info("RUN date +%N >/when",
                                             "RUN echo z >/y"))
    expect(api.run(other, "cat /when") == first, "no layer was used again")
    for box in (shown, again, other):
        api.delete(box)


def test_join(api, _server, _registry):
    """what is the same is built once at a time"""
    lines = ["RUN sleep 2; date +%N >/when; echo made it"]
    made = [api.begin(f"joined:{n}", *lines) for n in range(3)]
    boxes = []
    for n in range(3):
        shown = api.wait_snapshot(f"joined:{n}")
        expect(shown["state"] == "active", f"{n}: {shown}")
        boxes.append(api.sandbox(snapshot=f"joined:{n}"))
        log = api.log(f"/api/snapshots/{shown['id']}/build-logs")
        expect("made it" in log or "was built before" in log, f"{n}: {log}")
    expect(len({api.run(box, "cat /when") for box in boxes}) == 1,
           "it was built more than once")
    for box, snapshot in zip(boxes, made):
        api.delete(box)
        api.remove(snapshot)


FAILURES = {
    # name: (lines, words of the reason, words of the log)
    "run": (["RUN echo nearly; false"], 'RUN echo nearly; false', "nearly"),
    "syntax": (["RUN true", "BOIL water"], "BOIL", "BOIL"),
    "copy": (["COPY nothing /there"], "nothing", "COPY"),
    "time": (["RUN echo waiting; sleep 500"], "longer than 20 s", "waiting"),
    "disk": (["RUN fallocate -l 3000000000 /big"], "no space left", "space"),
    "memory": (["RUN head -c 900m /dev/zero | tail"], "more memory than 256",
               "STEP"),
}


def test_failures(api, _server, registry):
    """what fails says why, is deleted, and is made under the same name"""
    for name, (lines, reason, words) in FAILURES.items():
        shown, log = api.build("failing:1", *lines)
        expect(shown["state"] == "build_failed"
               and reason in shown["errorReason"],
               f"{name}: {shown['state']}: {shown['errorReason']}\n{log}")
        expect(words in log and "Failed: " in log, f"{name}: {log}")
        api.remove(shown)
        api.snapshot("failing:1", status=404)
    shown, log = api.build("failing:1", "RUN true", contexts=["cc33"])
    expect("cc33 was not uploaded" in shown["errorReason"], str(shown))
    api.remove(shown)
    made = api.ask("POST", "/snapshots", {
        "name": "failing:1", "buildInfo": {
            "dockerfileContent": "FROM 127.0.0.1:1/nobody:1\nRUN true\n"}})
    shown = api.wait_snapshot("failing:1")
    expect(shown["state"] == "build_failed"
           and "127.0.0.1:1" in shown["errorReason"], str(shown))
    api.remove(made)
    shown, log = api.build("failing:1", "RUN true")
    expect(shown["state"] == "active", f"not made again: {shown}\n{log}")
    api.remove(shown)
    made = api.ask("POST", "/sandbox",
                   {"buildInfo": build_info("RUN echo why; false")})
    shown = api.wait_sandbox(made["id"])
    expect(shown["state"] == "error" and "RUN echo why" in shown["errorReason"],
           str(shown))
    expect("why" in api.log(f"/api/sandbox/{made['id']}/build-logs"), "no log")
    api.delete(shown)
    expect(registry.process.poll() is None, "the registry died")


def end_of(server, words):
    """Until nothing of it runs; says what does."""
    until = time.monotonic() + END_LIMIT
    while True:
        left = [str(it) for it in kernel_view.processes_with([words])]
        groups = [it for it in kernel_view.traces(server.marks)
                  if "build-" in it]
        if not left and not groups:
            return
        expect(time.monotonic() < until, f"left: {left} {groups}")
        time.sleep(0.1)


def test_delete(api, server, _registry):
    """one that is deleted while it is built ends at once"""
    for kind in ("snapshot", "sandbox"):
        line = f"RUN echo begun; sleep 77{len(kind)}"
        if kind == "snapshot":
            made = api.begin("deleted:1", line)
            where = f"/snapshots/{made['id']}"
        else:
            made = api.ask("POST", "/sandbox", {"buildInfo": build_info(line)})
            where = f"/sandbox/{made['id']}"
        until = time.monotonic() + WAIT_LIMIT
        while "\nbegun" not in api.log(f"/api{where}/build-logs"):
            expect(time.monotonic() < until, f"{kind} does not begin")
            time.sleep(0.1)
        state = api.ask("GET", where)["state"]
        expect(state in ("building", "building_snapshot"), f"{kind}: {state}")
        api.ask("DELETE", where)
        end_of(server, f"sleep 77{len(kind)}")
    shown, log = api.build("deleted:1", "RUN true")
    expect(shown["state"] == "active", f"not made again: {shown}\n{log}")
    api.remove(shown)


ATTEMPTS = """\
RUN nc -w 3 127.0.0.1 {port} </dev/null && echo REACHED loopback; true
RUN nc -w 3 {host} {port} </dev/null && echo REACHED host; true
RUN nc -w 3 169.254.169.254 80 </dev/null && echo REACHED metadata; true
RUN nc -w 3 10.255.255.1 80 </dev/null && echo REACHED private; true
RUN printf "GET /there HTTP/1.0\\r\\n\\r\\n" | nc -w 9 {outside} 80 | grep from
ADD http://{outside}/there /there
RUN cat /there
RUN unshare -U true && echo ESCAPED user namespace; true
RUN unshare -m true && echo ESCAPED mount namespace; true
RUN mount -t tmpfs none /mnt && echo ESCAPED mount; true
RUN mknod /disk b 8 0 && head -c 1 /disk && echo ESCAPED device; true
RUN cat /proc/1/root{secret} && echo ESCAPED root; true
RUN echo x >/proc/sys/kernel/hostname && echo ESCAPED sysctl; true
RUN echo b >/proc/sysrq-trigger && echo ESCAPED sysrq; true
RUN nsenter -t 1 -m true && echo ENTERED cell; true
RUN cat /proc/self/uid_map; awk '{{exit $2 < 65536}}' /proc/self/uid_map \
 || echo ESCAPED ids; true
RUN ulimit -u; for i in $(seq 3000); do sleep 20 & done; true
"""


def test_containment(api, server, _registry):
    """a Dockerfile that tries to get out or to take all is contained"""
    with Internet() as outside, socket.create_server(("", 0)) as host:
        with open(os.path.join(outside.folder, "there"), "wb") as file:
            file.write(b"from outside\n")
        text = ATTEMPTS.format(
            port=host.getsockname()[1], outside=outside.address,
            host=outside.address.rsplit(".", 1)[0] + f".{outside.base + 1}",
            secret=os.path.join(server.data, "api-key"))
        shown, log = api.build("contained:1", *text.splitlines())
        expect("from outside" in log, f"nothing outside is reached: {log}")
        said = [line for line in log.splitlines()
                if not line.startswith("STEP")]
        for word in ("REACHED", "ESCAPED", "NO internet", server.key):
            expect(not any(word in line for line in said), f"{word}: {log}")
        # However it ended: with all its processes.
        expect(shown["state"] in ("active", "build_failed"), str(shown))
        end_of(server, "sleep 20")
        api.remove(shown)
    shown, log = api.build("contained:1", "RUN echo well")
    expect(shown["state"] == "active", f"another build: {shown}\n{log}")
    api.remove(shown)


def test_private(api, server, registry):
    """the organization's registries are asked with its credentials"""
    private = registry.private
    image = f"{private.host}/team/app:1"
    private.put_image("team/app", "1", [
        busybox_layer().file("marker", b"private")], Env=["PATH=/bin"])
    info = {"dockerfileContent": f"FROM {image}\nRUN cp /marker /copy\n"}

    def attempt(name, **source):
        self_made = api.ask("POST", "/snapshots", {"name": name, **source})
        shown = api.wait_snapshot(name)
        log = api.log(f"/api/snapshots/{self_made['id']}/build-logs")
        expect(private.password not in str(shown) + log, "it is told")
        return shown

    for source in ({"imageName": image}, {"buildInfo": info}):
        shown = attempt("private:1", **source)
        expect("failed" in shown["state"] or shown["state"] == "error",
               f"without credentials: {shown}")
        expect("auth" in shown["errorReason"], str(shown))
        api.remove(shown)
    kept = api.ask("POST", "/docker-registry", {
        "name": "team", "url": f"http://{private.host}", "username": "user",
        "password": private.password, "project": ""}, status=201)
    for source in ({"imageName": image}, {"buildInfo": info}):
        shown = attempt("private:1", **source)
        expect(shown["state"] == "active", f"{source}: {shown}")
        box = api.sandbox(snapshot="private:1")
        expect(api.run(box, "cat /marker") == "private", "another image")
        api.delete(box)
        api.remove(shown)
    api.ask("DELETE", f"/docker-registry/{kept['id']}", status=204)
    expect(private.password not in server.log_tail(1 << 20), "it is logged")
    left = [name for _, _, names in os.walk(server.run) for name in names
            if name.startswith("login-")]
    expect(left == [], f"credentials are left: {left}")


def test_kills(api, server, _registry):
    """killed while building and removing, the server goes on with it"""
    for turn in range(REPEATS[os.environ.get("VARVE_TEST_LENGTH", "ci")]):
        name = f"killed:{turn}"
        made = api.begin(name, f"RUN echo {turn} >/turn; sleep 1",
                         "RUN cp /bin/busybox /copy")
        gone = api.begin(f"gone:{turn}", f"RUN sleep 1; echo {turn} >/gone")
        time.sleep(0.35 * (turn % 12) + 0.2)
        try:
            api.remove(gone)
        finally:
            server.kill()
        server.start()
        api.client.close()
        shown = api.wait_snapshot(name)
        expect(shown["state"] == "active", f"{turn}: {shown}")
        api.snapshot(f"gone:{turn}", status=404)
        box = api.sandbox(snapshot=name)
        read = api.run(box, "cat /turn; cmp /copy /bin/busybox && echo same")
        expect(read.split() == [str(turn), "same"], f"{turn}: {read}")
        api.delete(box)
        api.remove(made)
    end_of(server, "/build/make")
    left = os.listdir(os.path.join(server.data, "image-store/work"))
    expect(left == [], f"left half made: {left}")


TESTS = [test_build, test_sandbox, test_join, test_failures, test_delete,
         test_private, test_containment, test_kills]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    failed = 0
    with Registry() as registry, Registry("let me in 7") as private:
        registry.private = private
        registry.put_image(REPOSITORY, "3.12.10-slim-bookworm",
                           [busybox_layer().folder("mnt").folder("proc")],
                           Env=["PATH=/bin"], Cmd=["sh"])

        def prepare(server):
            server.options += ["--registries",
                               registry.registries_conf(private), *LIMITS]

        with own_server(chosen.build, prepare) as server:
            for test in TESTS:
                if chosen.only not in test.__name__:
                    continue
                api = Builds(server)
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
