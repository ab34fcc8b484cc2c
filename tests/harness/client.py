"""A raw keep-alive HTTP client: no SDK, no retries, nothing hidden."""

import http.client
import json
import uuid


class Lost(Exception):
    """No answer came: whether the request was carried out is unknown."""


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.body[:400]!r}"


class Client:
    """One connection; one thread at a time."""

    def __init__(self, port, key, timeout=60):
        self.port, self.key, self.timeout = port, key, timeout
        self._connection = None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(self, method, path, body=None, command_id=None):
        headers = {"Authorization": f"Bearer {self.key}"}
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if command_id is not None:
            headers["Idempotency-Key"] = command_id
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=self.timeout)
            self._connection.request(method, path, payload, headers)
            answer = self._connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise Lost(str(problem) or type(problem).__name__) from problem

    def create(self, command_id=None, **body):
        return self.request("POST", "/api/sandbox", body, command_id)

    def get(self, name):
        return self.request("GET", f"/api/sandbox/{name}")

    def act(self, name, action, command_id=None):
        """start, stop, pause, recover; `stop?force=true` too."""
        return self.request("POST", f"/api/sandbox/{name}/{action}",
                            command_id=command_id)

    def resize(self, name, to, command_id=None):
        return self.request("POST", f"/api/sandbox/{name}/resize", to,
                            command_id)

    def delete(self, name, command_id=None):
        return self.request("DELETE", f"/api/sandbox/{name}",
                            command_id=command_id)

    def execute(self, sandbox_id, command, **more):
        return self.request("POST", f"/toolbox/{sandbox_id}/process/execute",
                            {"command": command, **more})

    def every_sandbox(self):
        """All pages of the list, errored ones included."""
        items, cursor = [], ""
        while True:
            path = "/api/sandbox?limit=200&includeErroredDeleted=true"
            answer = self.request("GET", path + cursor)
            if answer.status != 200:
                raise RuntimeError(f"list answered {answer}")
            page = answer.json
            items += page["items"]
            if not page["nextCursor"]:
                return items
            cursor = "&cursor=" + page["nextCursor"]


def new_command_id():
    return str(uuid.uuid4())
