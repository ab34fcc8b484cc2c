"""A sandbox of a server under test, and its toolbox through the gateway."""

import json
import os
import socket

from harness import kernel_view
from harness.client import Client


class Sandbox:
    """A context manager: made on entry, deleted at the end."""

    def __init__(self, server, **body):
        self.server, self.body = server, body
        self.client = Client(server.port, server.key)
        self.headers = {"Authorization": f"Bearer {server.key}"}

    def __enter__(self):
        made = self.client.create(**self.body)
        if made.status != 200:
            raise RuntimeError(f"create answered {made}")
        self.id = made.json["id"]
        return self

    def __exit__(self, *_):
        # The kept connection may have been idle for too long.
        self.client.close()
        self.client.delete(self.id)
        self.client.close()

    def path(self, path):
        return f"/toolbox/{self.id}{path}"

    def request(self, method, path, body=None):
        """On the kept connection; bodies are JSON."""
        return self.client.request(method, self.path(path), body)

    def execute(self, command, **more):
        answer = self.client.execute(self.id, command, **more)
        if answer.status != 200:
            raise RuntimeError(f"exec answered {answer}")
        return answer.json

    def output(self, command, **more):
        done = self.execute(command, **more)
        if done["exitCode"] != 0:
            raise RuntimeError(f"{command}: {done}")
        return done["result"]

    def dial(self, timeout=60):
        """A connection to the gateway, as a WebSocket wants it."""
        peer = socket.create_connection(("127.0.0.1", self.server.port),
                                        timeout)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return peer

    def head(self, method, path, fields=None):
        """The bytes of a request's head."""
        lines = [f"{method} {self.path(path)} HTTP/1.1", "Host: localhost"]
        for name, value in {**self.headers, **(fields or {})}.items():
            lines.append(f"{name}: {value}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def exec_request(self, command):
        """The bytes of a whole request."""
        body = json.dumps({"command": command}).encode()
        return self.head("POST", "/process/execute", {
            "Content-Type": "application/json",
            "Content-Length": len(body)}) + body

    @property
    def toolbox(self):
        """PID 1, as the host sees it."""
        return kernel_view.first_processes([self.id])[self.id].pid

    def toolbox_peak(self):
        """The most memory PID 1 ever held, in MiB."""
        with open(f"/proc/{self.toolbox}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        raise RuntimeError("no VmHWM")

    def processes(self):
        """How many processes and threads the kernel counts in it."""
        count = 0
        for root, _, files in os.walk("/sys/fs/cgroup"):
            if self.id in root and "pids.current" in files:
                count = max(count, _number(os.path.join(root,
                                                        "pids.current")))
        return count


def _number(path):
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except OSError:
        return 0  # gone meanwhile
