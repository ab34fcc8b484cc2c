"""A WebSocket to a sandbox's toolbox, through the gateway. Needs
tests/toolbox on the path."""

from websocket import WebSocket


class SandboxSocket(WebSocket):
    def __init__(self, box, path, headers=None, **more):
        super().__init__(box, box.path(path),
                         {**box.headers, **(headers or {})}, **more)

    def connected(self, box, timeout):
        return box.dial(timeout)
