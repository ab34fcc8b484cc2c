"""One real sandbox, called route by route; every answer is held against the
table, and it is remembered which routes succeeded and failed as they should."""

import http.client
import json
import os
import socket
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "toolbox"))

from websocket import WebSocket  # noqa: E402  (needs the path)

BOUNDARY = "contract"


class Breach(Exception):
    """An answer that is not what the table says."""


def form_of(parts):
    out = b""
    for name, filename, data in parts:
        file = f'; filename="{filename}"' if filename else ""
        out += (f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
                f'name="{name}"{file}\r\n\r\n').encode() + data + b"\r\n"
    return out + f"--{BOUNDARY}--\r\n".encode()


class Link(WebSocket):
    """To a port of this machine."""

    def connected(self, daemon, timeout):
        return socket.create_connection(("127.0.0.1", daemon), timeout)


class Answer:
    def __init__(self, raw):
        self.status = raw.status
        self.type = raw.headers.get("Content-Type", "")
        self.body = raw.read()

    def __str__(self):
        return f"{self.status} {self.body[:300]!r}"


class Box:
    def __init__(self, table, port, key, sandbox_id):
        self.table = table
        self.port = port
        self.key = key
        self.base = f"/toolbox/{sandbox_id}"
        self.succeeded = set()
        self.failed = set()

    # -- requests

    def path_of(self, route, at):
        path = route.split()[1]
        for name, value in (at or {}).items():
            path = path.replace("{" + name + "}", urllib.parse.quote(value))
        if "{" in path:
            raise Breach(f"{route}: nothing stands for a part of the path")
        return path

    def request(self, method, path, body=None, form=None, query=None,
                headers=None):
        headers = {"Authorization": f"Bearer {self.key}",
                   "X-Daytona-SDK-Version": "0.226.1", **(headers or {})}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if form is not None:
            body = form_of(form)
            headers["Content-Type"] = (
                f"multipart/form-data; boundary={BOUNDARY}")
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=90)
        try:
            connection.request(method, self.base + path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    # -- what must go well

    def succeed(self, route, at=None, body=None, form=None, **query):
        """The answer's value: JSON, or bytes where the table says so."""
        known = self.table.routes[route]
        self._is_complete(route, known, body, query)
        answer = self.request(route.split()[0], self.path_of(route, at), body,
                              form, query)
        wanted = known["success"]
        wanted = wanted if isinstance(wanted, list) else [wanted]
        if answer.status not in wanted:
            raise Breach(f"{route}: {answer} instead of {wanted}")
        value = self._value(route, known["answer"], answer)
        self.succeeded.add(route)
        return value

    # What is called required is sent, and nothing that is not in the table.
    def _is_complete(self, route, known, body, query):
        names = known.get("query", {})
        for name in query:
            if name not in names and name + "?" not in names:
                raise Breach(f"{route}: {name} is not in the table")
        for name in names:
            if not name.endswith("?") and name not in query:
                raise Breach(f"{route}: {name} is not sent")
        if "body" in known:
            faults = self.table.faults(body, known["body"], "request")
            if faults:
                raise Breach(f"{route}: {faults}")

    def _value(self, route, kind, answer):
        if kind == "nothing":
            if answer.body:
                raise Breach(f"{route}: a body where there is none: {answer}")
            return None
        if kind == "bytes":
            return answer.body
        if kind == "parts":
            if not answer.type.startswith("multipart/form-data; boundary="):
                raise Breach(f"{route}: the type is {answer.type}")
            return answer.body
        if answer.type != "application/json; charset=utf-8":
            raise Breach(f"{route}: the type is {answer.type}")
        value = json.loads(answer.body)
        faults = self.table.faults(value, kind)
        if faults:
            raise Breach(f"{route}: {faults}")
        return value

    # -- what must fail

    def fail(self, route, status, at=None, body=None, form=None, method=None,
             **query):
        """The error's message; `method`: another than the route's."""
        method = method or route.split()[0]
        path = self.path_of(route, at)
        answer = self.request(method, path, body, form, query)
        if answer.status != status:
            raise Breach(f"{route}: {answer} instead of {status}")
        error = self._value(route, "ErrorResponse", answer)
        told = (error["statusCode"], error["path"], error["method"])
        if told != (status, path, method) or not error["message"]:
            raise Breach(f"{route}: the error says {error}")
        self.failed.add(route)
        return error["message"]

    def has_no_other_method(self, route):
        """For a route that nothing can go wrong with."""
        self.fail(route, 404, method="PATCH")

    def is_not_built(self, route):
        at = {"processName": "xvfb", "id": "x"}
        message = self.fail(route, 501, at)
        if route not in message:
            raise Breach(f"{route}: 501 does not name it: {message}")

    # -- WebSockets

    def upgrade(self, route, at=None, **query):
        self._is_complete(route, self.table.routes[route], None, query)
        path = self.base + self.path_of(route, at)
        if query:
            path += "?" + urllib.parse.urlencode(query)
        link = Link(self.port, path, {"Authorization": f"Bearer {self.key}"})
        self.succeeded.add(route)
        return link
