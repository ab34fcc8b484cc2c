"""A client of the code interpreter, for tests."""

import json
import os
import unittest

from daemon import Daemon
from websocket import WebSocket

PATH = "/process/interpreter"
KEYS = {"type", "text", "name", "value", "traceback"}


class Run:
    """One execution: begun at once, read when asked for."""

    def __init__(self, daemon, code, protocols=(), **more):
        self.ws = WebSocket(daemon, f"{PATH}/execute", {}, protocols)
        self.ws.send_text(json.dumps({"code": code, **more}))
        self.chunks = []

    def next(self):
        """The next chunk; None at the close."""
        while True:
            kind, payload = self.ws.receive()
            if kind == WebSocket.CLOSE:
                return None
            if kind == WebSocket.TEXT:
                self.chunks.append(json.loads(payload))
                return self.chunks[-1]

    def end(self):
        while self.next():
            pass
        self.ws.sock.close()
        return self

    def text(self, kind):
        return "".join(c["text"] for c in self.chunks if c["type"] == kind)

    @property
    def out(self):
        return self.text("stdout")

    @property
    def err(self):
        return self.text("stderr")

    @property
    def control(self):
        return self.text("control")

    @property
    def error(self):
        found = [c for c in self.chunks if c["type"] == "error"]
        return found[0] if found else None

    @property
    def closed(self):
        return self.ws.close_code, self.ws.close_reason


def processes(word):
    """Ids of running processes with this word among their arguments."""
    out = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as text:
                if word.encode() in text.read().split(b"\0"):
                    out.append(int(pid))
        except OSError:
            continue
    return out


class WithDaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon(
            {"imageEnv": ["PATH=/usr/local/bin:/usr/bin:/bin"]}))

    def run_code(self, code, **more):
        return Run(self.daemon, code, **more).end()

    def begin(self, code, **more):
        run = Run(self.daemon, code, **more)
        self.addCleanup(run.ws.sock.close)
        return run

    def context(self, **more):
        answer = self.daemon.post(f"{PATH}/context", more)
        self.assertEqual(answer.status, 200, answer.text)
        self.addCleanup(self.daemon.delete,
                        f"{PATH}/context/{answer.json['id']}")
        return answer.json
