"""A WebSocket client for tests: frames as they are, nothing hidden."""

import base64
import os
import socket
import struct


class Refused(Exception):
    """The answer was not 101; `status` and `text` tell what it was."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class WebSocket:
    """`with WebSocket(daemon, path) as ws: ws.send_text("x"); ws.receive()`"""

    TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

    def __init__(self, daemon, path, headers=None, protocols=(), timeout=30,
                 host="x"):
        self.buffer = b""
        self.close_code = None
        self.close_reason = None
        self.sock = self.connected(daemon, timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade",
                 "Upgrade: websocket", f"Sec-WebSocket-Key: {key}",
                 "Sec-WebSocket-Version: 13"]
        if protocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(protocols))
        for name, value in (headers or {}).items():
            lines.append(f"{name}: {value}")
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            part = self.sock.recv(65536)
            if not part:
                break
            self.buffer += part
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        head = head.decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = dict(line.lower().split(": ", 1) for line in head[1:])
        self.protocol = next((line.split(": ", 1)[1] for line in head[1:]
                              if line.lower().startswith(
                                  "sec-websocket-protocol")), None)
        if self.status != 101:
            length = int(self.headers.get("content-length", 0))
            while len(self.buffer) < length:
                self.buffer += self.sock.recv(65536)
            self.sock.close()
            raise Refused(self.status, self.buffer.decode())

    def connected(self, daemon, timeout):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        sock.connect(daemon.socket_path)
        return sock

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send_frame(self, first_byte, payload=b"", mask=True):
        size = len(payload)
        bit = 0x80 if mask else 0
        if size < 126:
            head = bytes((first_byte, bit | size))
        elif size < 65536:
            head = bytes((first_byte, bit | 126)) + struct.pack(">H", size)
        else:
            head = bytes((first_byte, bit | 127)) + struct.pack(">Q", size)
        if mask:
            key = os.urandom(4)
            stream = (key * (size // 4 + 1))[:size]
            payload = (int.from_bytes(payload, "big")
                       ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
            head += key
        self.sock.sendall(head + payload)

    def send_text(self, text):
        self.send_frame(0x80 | self.TEXT, text.encode())

    def send_binary(self, data):
        self.send_frame(0x80 | self.BINARY, data)

    def send_close(self, code=1000):
        self.send_frame(0x80 | self.CLOSE, struct.pack(">H", code))

    def take(self, size):
        while len(self.buffer) < size:
            part = self.sock.recv(65536)
            if not part:
                raise ConnectionError("closed without a close frame")
            self.buffer += part
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def receive(self):
        """(kind, payload) of the next frame; a close is remembered."""
        first, size = self.take(2)
        assert first & 0x70 == 0 and size & 0x80 == 0, (first, size)
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        payload = self.take(size)
        kind = first & 15
        if kind == self.CLOSE:
            self.close_code = struct.unpack(">H", payload[:2])[0]
            self.close_reason = payload[2:].decode()
        return kind, payload

    def frames(self):
        """Every data frame's payload up to the close."""
        while True:
            kind, payload = self.receive()
            if kind == self.CLOSE:
                return
            if kind in (self.TEXT, self.BINARY):
                yield payload

    def all(self):
        return b"".join(self.frames())

    def until(self, needle):
        """What came, up to a frame with which the needle is in it."""
        out = b""
        while needle not in out:
            kind, payload = self.receive()
            assert kind != self.CLOSE, (out, self.close_code)
            if kind in (self.TEXT, self.BINARY):
                out += payload
        return out
