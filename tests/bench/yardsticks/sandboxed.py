"""What a client does in a running sandbox, through gateway and toolbox."""

import os
import time

MIB = 1 << 20


def whole_answer(peer):
    """(head, body) of one answer with a length, on a kept connection."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += part_of(peer)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += part_of(peer)
    return head, body


def part_of(peer):
    part = peer.recv(65536)
    if not part:
        raise RuntimeError("the connection ended")
    return part


class Exec:
    """A command's round trip on one kept connection. A context manager."""

    def __init__(self, box):
        self.box, self.request = box, box.exec_request("true")

    def __enter__(self):
        self.peer = self.box.dial()
        return self

    def __exit__(self, *_):
        self.peer.close()

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        self.peer.sendall(self.request)
        head, body = whole_answer(self.peer)
        took = (time.perf_counter() - begun) * 1000
        if b" 200 " not in head or b'"exitCode":0' not in body:
            raise RuntimeError(f"exec answered {head} {body}")
        return took


class Upload:
    def __init__(self, box, size):
        self.box, self.size, self.block = box, size, os.urandom(MIB)

    def once(self):
        """Milliseconds; the file is left for a download."""
        opening = (b'--B\r\nContent-Disposition: form-data; name="file"; '
                   b'filename="x"\r\n\r\n')
        closing = b"\r\n--B--\r\n"
        head = self.box.head("POST", "/files/upload?path=/home/daytona/large", {
            "Content-Type": "multipart/form-data; boundary=B",
            "Content-Length": self.size + len(opening) + len(closing)})
        self.box.output("rm -f /home/daytona/large")
        begun = time.perf_counter()
        with self.box.dial() as peer:
            peer.sendall(head + opening)
            for _ in range(self.size // MIB):
                peer.sendall(self.block)
            peer.sendall(closing)
            answer, _ = whole_answer(peer)
        took = (time.perf_counter() - begun) * 1000
        if b" 200 " not in answer:
            raise RuntimeError(f"upload answered {answer}")
        return took


class Download:
    """Of what an upload left."""

    def __init__(self, box, size):
        self.box, self.size = box, size
        self.buffer = bytearray(MIB)

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        total = 0
        with self.box.dial() as peer:
            peer.sendall(self.box.head(
                "GET", "/files/download?path=/home/daytona/large",
                {"Connection": "close"}))
            while got := peer.recv_into(self.buffer):
                total += got
        took = (time.perf_counter() - begun) * 1000
        if total < self.size:
            raise RuntimeError(f"only {total} bytes came")
        return took


class Keystroke:
    """A key's echo by a terminal in the sandbox. A context manager."""

    def __init__(self, box, socket):
        self.box, self.socket = box, socket

    def __enter__(self):
        made = self.box.request("POST", "/process/pty", {"id": "bench"})
        if made.status != 201:
            raise RuntimeError(f"pty answered {made}")
        self.link = self.socket(self.box, "/process/pty/bench/connect")
        self.link.receive()
        # The kernel's echo, as in the yardstick: no shell edits the line.
        self.link.send_binary(b"stty sane; clear; echo BEG''IN; exec cat\n")
        self.link.until(b"BEGIN\r\n")
        self.link.send_binary(b"ready\n")
        self.link.until(b"ready\r\nready\r\n")
        return self

    def __exit__(self, *_):
        self.link.sock.close()
        self.box.request("DELETE", "/process/pty/bench")

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        self.link.send_binary(b"x")
        _, echo = self.link.receive()
        took = (time.perf_counter() - begun) * 1000
        if echo != b"x":
            raise RuntimeError(f"the echo is {echo}")
        return took


class Interpreter:
    """`1+1` in the default context, a connection each time as clients have
    it, to its result and completion."""

    def __init__(self, box, socket):
        self.box, self.socket = box, socket

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        with self.socket(self.box, "/process/interpreter/execute") as link:
            link.send_text('{"code":"1+1"}')
            told = link.all()
        took = (time.perf_counter() - begun) * 1000
        if b'"2"' not in told or b'"completed"' not in told:
            raise RuntimeError(f"the interpreter told {told}")
        return took
