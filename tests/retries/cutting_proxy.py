"""A proxy that cuts the connection of a create at a stage of its choice.

Every connection carries one request. A create is known by its key or its
name; its first attempts are cut as its plan says, later ones pass."""

import json
import random
import socket
import socketserver
import threading
import time

LIMIT = 30       # seconds for whatever is waited for
LONGEST = 0.4    # of the pause before an answer is not waited for any more

# What of a create comes through, in the order of its life.
STAGES = ("nothing", "half the head", "half the body", "the request",
          "the request for a while", "the answer to nobody",
          "half the answer")


class _Message:
    """Off a socket: the head, and the body that its length announces."""

    def __init__(self, peer):
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            part = peer.recv(65536)
            if not part:
                break
            self.head += part
        self.head, mark, self.body = self.head.partition(b"\r\n\r\n")
        self.head += mark
        while len(self.body) < int(self.field("content-length") or 0):
            part = peer.recv(65536)
            if not part:
                break
            self.body += part

    def field(self, name):
        for line in self.head.decode().split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None

    def without_keep_alive(self):
        lines = [line for line in self.head.split(b"\r\n")
                 if not line.lower().startswith(b"connection:")]
        lines.insert(1, b"Connection: close")
        return b"\r\n".join(lines)


class CuttingProxy:
    """`with CuttingProxy(port, plan_of) as proxy`: proxy.port"""

    def __init__(self, server_port, plan_of):
        """`plan_of(create)` gives the stages of its first attempts."""
        self.server_port = server_port
        self.plan_of = plan_of
        self.attempts = {}
        self.cuts = {stage: 0 for stage in STAGES}
        self.lock = threading.Lock()
        self.random = random.Random(4711)

    def __enter__(self):
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    proxy._serve(self.request)
                except OSError:
                    pass  # either side is gone, as it was meant to be

        self.listener = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.port = self.listener.server_address[1]
        self.thread = threading.Thread(target=self.listener.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join()

    def _next_stage(self, request):
        if not request.head.startswith(b"POST /api/sandbox "):
            return None
        create = (request.field("idempotency-key")
                  or json.loads(request.body or b"{}").get("name") or "unnamed")
        with self.lock:
            number = self.attempts.get(create, 0)
            self.attempts[create] = number + 1
            plan = self.plan_of(create)
            stage = plan[number] if number < len(plan) else None
            if stage is not None:
                self.cuts[stage] += 1
        return stage

    def _serve(self, client):
        client.settimeout(LIMIT)
        request = _Message(client)
        if not request.head:
            return
        stage = self._next_stage(request)
        if stage == "nothing":
            return
        head, body = request.without_keep_alive(), request.body
        with socket.create_connection(("127.0.0.1", self.server_port),
                                      LIMIT) as server:
            if stage == "half the head":
                server.sendall(head[:len(head) // 2])
            elif stage == "half the body":
                server.sendall(head + body[:len(body) // 2])
            else:
                server.sendall(head + body)
                self._answer(stage, client, server)

    def _answer(self, stage, client, server):
        if stage == "the request":
            return
        if stage == "the request for a while":
            time.sleep(self.random.uniform(0, LONGEST))
            return
        answer = _Message(server)
        whole = answer.without_keep_alive() + answer.body
        if stage == "half the answer":
            client.sendall(whole[:len(whole) // 2])
        elif stage is None:
            client.sendall(whole)
