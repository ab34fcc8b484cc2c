"""A client of sessions, for tests."""

import unittest

from daemon import Daemon, wait_until
from websocket import WebSocket

NEW = {"X-Daytona-SDK-Version": "0.190.0"}
OUT, ERR = b"\1\1\1", b"\2\2\2"


class Session:
    def __init__(self, daemon, name, headers=None):
        self.daemon = daemon
        self.name = name
        self.headers = headers or NEW
        answer = daemon.post("/process/session", {"sessionId": name},
                             self.headers)
        assert answer.status == 201 and answer.body == b"", answer.text

    def post(self, command, headers=None, **more):
        return self.daemon.post(f"/process/session/{self.name}/exec",
                                {"command": command, **more},
                                headers or self.headers)

    def run(self, command, **more):
        answer = self.post(command, **more)
        assert answer.status == 200, (answer.status, answer.text)
        return answer.json

    def begin(self, command, **more):
        answer = self.post(command, runAsync=True, **more)
        assert answer.status == 202, (answer.status, answer.text)
        assert list(answer.json) == ["cmdId"], answer.text
        return answer.json["cmdId"]

    def path(self, command, tail=""):
        return f"/process/session/{self.name}/command/{command}{tail}"

    def command(self, command):
        return self.daemon.get(self.path(command)).json

    def ended(self, command):
        return "exitCode" in self.command(command)

    def wait(self, command):
        assert wait_until(lambda: self.ended(command)), self.command(command)
        return self.command(command)["exitCode"]

    def logs(self, command, headers=None, query=""):
        return self.daemon.call("GET", self.path(command, "/logs") + query,
                                None, self.headers if headers is None
                                else headers)

    def follow(self, command, headers=None, query="?follow=true", **more):
        return WebSocket(self.daemon, self.path(command, "/logs") + query,
                         self.headers if headers is None else headers, **more)

    def input(self, command, data):
        return self.daemon.post(self.path(command, "/input"), {"data": data})

    def delete(self):
        return self.daemon.delete(f"/process/session/{self.name}")


class WithDaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def session(self, headers=None):
        one = Session(self.daemon, self.id().rsplit(".", 1)[1], headers)
        self.addCleanup(one.delete)
        return one
