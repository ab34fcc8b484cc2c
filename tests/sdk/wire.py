"""What the Go and Java SDKs send and expect, spoken by a raw client: the
package registries do not serve these two SDKs.

usage: wire.py --build BUILD [--server-from-env]
"""

import argparse
import json
import socket
import time
import urllib.parse
import urllib.request

from api_server import server_for
from toolbox.websocket import WebSocket

GO = {"X-Daytona-Source": "sdk-go", "X-Daytona-SDK-Version": "v0.190.0",
      "User-Agent": "sdk-go/v0.190.0"}
# Its WebSockets say neither what nor how old they are.
JAVA = {"User-Agent": "okhttp/4.12.0"}
JAVA_LIMIT = 10  # seconds it waits for any answer


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


class Link(WebSocket):
    """To the toolbox of a sandbox, through the gateway."""

    def connected(self, sandbox, timeout):
        return socket.create_connection(sandbox.address, timeout)


class Sandbox:
    def __init__(self, environment):
        self.api = environment["DAYTONA_API_URL"]
        self.key = {"Authorization":
                    f"Bearer {environment['DAYTONA_API_KEY']}"}
        server = urllib.parse.urlsplit(self.api)
        self.address = (server.hostname, server.port)
        made = self.call(f"{self.api}/sandbox", {"labels": {}})
        same(made["state"], "started")
        self.id = made["id"]
        self.toolbox = f"{made['toolboxProxyUrl']}/{self.id}"

    def call(self, url, body=None, method="POST", headers=None):
        """An answer that comes as early as Java wants it."""
        request = urllib.request.Request(
            url, None if body is None else json.dumps(body).encode(),
            {**self.key, "Content-Type": "application/json",
             **(headers or {})}, method=method)
        with urllib.request.urlopen(request, timeout=JAVA_LIMIT) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def post(self, path, body, sender):
        return self.call(self.toolbox + path, body, headers=sender)

    def link(self, path, sender):
        url = urllib.parse.urlsplit(self.toolbox + path)
        where = url.path + (f"?{url.query}" if url.query else "")
        return Link(self, where, {**self.key, **sender})

    def delete(self):
        self.call(f"{self.api}/sandbox/{self.id}", method="DELETE")


def streams_of(data):
    """stdout and stderr, told apart by the marks before each line."""
    streams = {1: b"", 2: b""}
    current = None
    while data:
        if data[:3] in (b"\1\1\1", b"\2\2\2"):
            current, data = data[0], data[3:]
        else:
            streams[current] += data[:1]
            data = data[1:]
    return streams[1], streams[2]


def follows_logs(sandbox, sender):
    name = f"session-{time.monotonic_ns()}"
    sandbox.post("/process/session", {"sessionId": name}, sender)
    started = sandbox.post(
        f"/process/session/{name}/exec",
        {"command": "for i in 1 2; do echo out$i; echo err$i >&2; "
                    "sleep 0.1; done", "runAsync": True},
        sender)
    path = f"/process/session/{name}/command/{started['cmdId']}/logs"
    with sandbox.link(path + "?follow=true", sender) as link:
        same(streams_of(link.all()), (b"out1\nout2\n", b"err1\nerr2\n"))
        same(link.close_code, 1000)


def opens_a_terminal(sandbox, sender):
    """Both create it first, and connect when it already shows something."""
    name = f"pty-{time.monotonic_ns()}"
    made = sandbox.post("/process/pty", {"id": name, "cols": 120, "rows": 30},
                        sender)
    same(made, {"sessionId": name})
    with sandbox.link(f"/process/pty/{name}/connect", sender) as link:
        kind, first = link.receive()
        same((kind, json.loads(first)),
             (link.TEXT, {"type": "control", "status": "connected"}))
        link.send_binary(b"stty size; exit 3\n")
        if b"30 120" not in link.all():
            raise AssertionError("the terminal does not show its size")
        # Go reads the exit code from the reason of a normal close only.
        same(link.close_code, 1000)
        same(json.loads(link.close_reason)["exitCode"], 3)


def uploads_and_downloads(sandbox, sender):
    boundary = "a-boundary"
    body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; "
            "filename=\"x\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            f"hello\r\n--{boundary}--\r\n").encode()
    request = urllib.request.Request(
        f"{sandbox.toolbox}/files/upload?path=sent/x", body,
        {**sandbox.key, **sender,
         "Content-Type": f"multipart/form-data; boundary={boundary}"})
    with urllib.request.urlopen(request, timeout=JAVA_LIMIT) as answer:
        same(answer.status, 200)
    request = urllib.request.Request(
        f"{sandbox.toolbox}/files/download?path=sent/x",
        headers={**sandbox.key, **sender})
    with urllib.request.urlopen(request, timeout=JAVA_LIMIT) as answer:
        same(answer.read(), b"hello")
        # Java takes the name of its own file from it.
        if "filename=" not in answer.headers["Content-Disposition"]:
            raise AssertionError(str(answer.headers))


def interprets(sandbox, sender):
    """Java is content with the last message, Go waits for the close."""
    with sandbox.link("/process/interpreter/execute", sender) as link:
        link.send_text(json.dumps({"code": "print(6 * 7)\n1 / 0",
                                   "timeout": JAVA_LIMIT}))
        said = [json.loads(frame) for frame in link.frames()]
        same([(each["type"], each["text"], each["name"]) for each in said],
             [("stdout", "42\n", ""), ("error", "", "ZeroDivisionError"),
              ("control", "completed", "")])
        same(link.close_code, 1000)


STEPS = [follows_logs, opens_a_terminal, uploads_and_downloads, interprets]


def passes(sandbox):
    for language, sender in (("go", GO), ("java", JAVA)):
        for step in STEPS:
            began = time.monotonic()
            step(sandbox, sender)
            print(f"ok {language}: {step.__name__} "
                  f"({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--server-from-env", action="store_true")
    with server_for(parser.parse_args()) as server:
        sandbox = Sandbox(server.environment)
        try:
            passes(sandbox)
        except BaseException:
            print("server log:\n" + server.log_tail())
            raise
        finally:
            sandbox.delete()


if __name__ == "__main__":
    main()
