"""Socket.IO clients by the thousand: one process, one thread, raw sockets."""

import asyncio
import base64
import json
import os
import struct

OPENING_AT_ONCE = 64
PATH = "/api/socket.io/?source=sdk-test&sdkVersion=1&EIO=4&transport=websocket"


class Listener(asyncio.Protocol):
    """One client. Hears until it is closed; remembers what concerns it."""

    def __init__(self, organization, key):
        self.organization, self.key = organization, key
        self.rest = b""
        self.is_upgraded = False
        self.connected = asyncio.get_running_loop().create_future()
        self.heard = []      # (event, sandbox id, state)
        self.foreign = 0     # events of other organizations
        self.pings = 0
        self.is_open = False
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.is_open = True
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode())

    def connection_lost(self, problem):
        self.is_open = False
        if not self.connected.done():
            self.connected.set_exception(
                RuntimeError(f"closed before it was connected: {problem}"))

    def data_received(self, data):
        self.rest += data
        if not self.is_upgraded:
            head, mark, rest = self.rest.partition(b"\r\n\r\n")
            if not mark:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self.transport.abort()
                return
            self.is_upgraded, self.rest = True, rest
        while (frame := self._frame()) is not None:
            self._hear(*frame)

    def _frame(self):
        """(kind, payload) of the next whole frame."""
        if len(self.rest) < 2:
            return None
        size, header = self.rest[1] & 127, 2
        if size == 126:
            if len(self.rest) < 4:
                return None
            size, header = struct.unpack_from("!H", self.rest, 2)[0], 4
        elif size == 127:
            if len(self.rest) < 10:
                return None
            size, header = struct.unpack_from("!Q", self.rest, 2)[0], 10
        if len(self.rest) < header + size:
            return None
        payload = self.rest[header:header + size]
        kind = self.rest[0] & 15
        self.rest = self.rest[header + size:]
        return kind, payload

    def _hear(self, kind, payload):
        if kind != 1:
            self.transport.abort()
        elif payload.startswith(b"0"):
            self._say("40" + json.dumps({"token": self.key}))
        elif payload == b"2":
            self.pings += 1
            self._say("3")
        elif payload.startswith(b"42"):
            self._note(*json.loads(payload[2:]))
        elif payload.startswith(b"40"):
            self.connected.set_result(None)
        else:
            self.transport.abort()

    def _note(self, name, data):
        sandbox = data.get("sandbox", data)
        if sandbox["organizationId"] != self.organization:
            self.foreign += 1
        self.heard.append((name, sandbox["id"], sandbox["state"]))

    def _say(self, text):
        mask = os.urandom(4)
        payload = text.encode()
        head = (struct.pack("!BB", 0x81, 0x80 | len(payload))
                if len(payload) < 126
                else struct.pack("!BBH", 0x81, 0x80 | 126, len(payload)))
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.transport.write(head + mask + masked)


async def open_all(port, whose):
    """One for each of `whose`, a list of (organization, key)."""
    loop = asyncio.get_running_loop()
    turn = asyncio.Semaphore(OPENING_AT_ONCE)

    async def open_one(organization, key):
        async with turn:
            _, listener = await loop.create_connection(
                lambda: Listener(organization, key), "127.0.0.1", port)
            await asyncio.wait_for(listener.connected, 60)
            return listener

    return await asyncio.gather(*(open_one(*who) for who in whose))
