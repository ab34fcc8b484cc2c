"""Requests that break a format, or try to reach what is not theirs."""

import os

from stand import Nasty, main
from websocket import Refused

from harness.sandbox_socket import SandboxSocket

OPENING = b'--B\r\nContent-Disposition: form-data; name="'
FORM = {"Content-Type": "multipart/form-data; boundary=B"}
JSON = {"Content-Type": "application/json"}
CANARY = "/var/tmp/varve-nasty-canary"


class Malformed(Nasty):
    def send(self, method, path, body, fields):
        """Status and body of the answer to bytes as they are."""
        with self.box.dial() as peer:
            peer.sendall(self.box.head(method, path, {
                **fields, "Content-Length": len(body),
                "Connection": "close"}) + body)
            return self.answer(peer)

    def raw(self, request):
        with self.box.dial() as peer:
            peer.sendall(request)
            peer.settimeout(20)
            return self.answer(peer)

    def answer(self, peer):
        whole = b""
        try:
            while part := peer.recv(65536):
                whole += part
        except ConnectionResetError:
            pass
        if not whole:
            return 0, b""
        head, _, body = whole.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def assert_refused(self, answer, name):
        status, body = answer
        self.assertTrue(400 <= status < 500, f"{name}: {status} {body[:300]}")

    def test_malformed_multipart(self):
        path = OPENING + b'files[0].path"\r\n\r\n/tmp/a\r\n'
        file = OPENING + b'files[0].file"; filename="a"\r\n\r\n'
        bodies = {
            "nothing": b"",
            "no boundary": b"hello",
            "unclosed": path + file + b"half",
            "boundary's line": b"--Bgarbage\r\n\r\nx\r\n--B--\r\n",
            "endless headers": b"--B\r\nX: " + b"y" * 100_000,
            "too many parts": b"--B\r\n\r\n\r\n" * 110_000 + b"--B--\r\n",
            "file without a path": file + b"x\r\n--B--\r\n",
            "a NUL in the path": OPENING + b'files[0].path"\r\n\r\n/tmp/a\0b'
                                           b"\r\n" + file + b"x\r\n--B--\r\n"}
        for name, body in bodies.items():
            answer = self.send("POST", "/files/bulk-upload", body, FORM)
            self.assert_refused(answer, name)
        for kind in ("multipart/form-data", "text/plain",
                     "multipart/form-data; boundary=" + "b" * 300):
            answer = self.send("POST", "/files/bulk-upload", path,
                               {"Content-Type": kind})
            self.assert_refused(answer, kind)
        self.assert_peak_below(32)

    def test_malformed_json(self):
        bodies = {
            "nothing": b"", "half": b'{"command":"tr', "a list": b"[]",
            "wrong type": b'{"command":{}}', "deep": b"[" * 100_000,
            "deep objects": b'{"a":' * 100_000,
            "many": b'{"command":[' + b"1," * 1_000_000 + b"1]}",
            "not UTF-8": b'{"command":"\xff\xfe"}',
            "a NUL": b'{"command":"a\\u0000b"}',
            "a lone half": b'{"command":"\\ud800"}',
            "too large": b'{"command":"' + b"x" * (9 << 20) + b'"}'}
        for path in ("/process/execute", "/process/code-run",
                     "/process/session", "/process/pty", "/files/replace"):
            for name, body in bodies.items():
                answer = self.send("POST", path, body, JSON)
                self.assert_refused(answer, f"{path}: {name}")
        self.assert_peak_below(96)

    def test_malformed_heads(self):
        line = f"GET {self.box.path('/version')} HTTP/1.1\r\n".encode()
        key = f"Authorization: Bearer {self.server.key}\r\n".encode()
        host = b"Host: localhost\r\n"
        heads = {
            "no HTTP": b"hello\r\n\r\n",
            "no version": b"GET /\r\n\r\n",
            "no host": line + key + b"\r\n",
            "two lengths": line + key + host + b"Content-Length: 1\r\n"
                           b"Content-Length: 2\r\n\r\nx",
            "length and chunks": line + key + host + b"Content-Length: 1\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "bad chunk": line.replace(b"GET", b"POST") + key + host
                         + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "endless": line + key + host + b"X: " + b"y" * 100_000}
        for name, head in heads.items():
            self.assert_refused(self.raw(head), name)

    def test_malformed_websocket_frames(self):
        made = self.box.request("POST", "/process/pty", {"id": "p"})
        self.assertEqual(made.status, 201, made)
        frames = {
            "not masked": (b"\x82\x03abc", 1002),
            "reserved bits": (b"\xf2\x83abcdxyz", 1002),
            "reserved kind": (b"\x83\x83abcdxyz", 1002),
            "continues nothing": (b"\x80\x83abcdxyz", 1002),
            "a ping in parts": (b"\x09\x83abcdxyz", 1002),
            "a long ping": (b"\x89\xfe\x01\x00abcd", 1002),
            "longer than can be": (b"\x82\xff" + b"\xff" * 8 + b"abcd", 1002),
            "too long": (b"\x82\xff" + b"\0\0\0\1\0\0\0\0abcd", 1009)}
        for name, (frame, code) in frames.items():
            with self.subTest(name):
                self.assertEqual(self.closed_with(frame), code)
        with self.assertRaises(Refused) as refused:
            self.connect("none-such/../p")
        self.assertTrue(400 <= refused.exception.status < 500)
        self.assert_peak_below(32)

    def connect(self, terminal):
        link = SandboxSocket(self.box, f"/process/pty/{terminal}/connect")
        self.addCleanup(link.sock.close)
        return link

    def closed_with(self, frame):
        link = self.connect("p")
        link.receive()
        link.sock.sendall(frame)
        for _ in link.frames():
            pass
        return link.close_code

    def test_paths_that_lead_elsewhere(self):
        with open(CANARY, "w", encoding="ascii") as file:
            file.write("of the host")
        self.addCleanup(os.unlink, CANARY)
        self.box.output("ln -s /proc/1/root/var/tmp out; mkfifo fifo; "
                        "ln -s loop loop")
        # What the sandbox's user may not read, whatever it is called.
        for path in (CANARY, f"/proc/1/root{CANARY}",
                     f"../../../../../..{CANARY}",
                     "out/varve-nasty-canary", "/proc/1/environ",
                     "/proc/1/mem", "/etc/shadow", "loop", "fifo",
                     "/dev/mem", "/tmp/a%00b", "%2e%2e/%2e%2e/etc/shadow"):
            answer = self.send("GET", f"/files/download?path={path}", b"", {})
            self.assert_refused(answer, path)
            self.assertNotIn(b"of the host", answer[1])
        for path in ("/etc/passwd", "/proc/1/oom_score_adj", "/usr/bin/sh",
                     "/sys/kernel/notes", "/", ""):
            answer = self.send("POST", f"/files/upload?path={path}",
                               OPENING + b'file"; filename="x"\r\n\r\nx\r\n'
                               b"--B--\r\n", FORM)
            self.assert_refused(answer, path)
        for path in ("/", "/etc", "/proc/1", "..", "%2e%2e/", "."):
            answer = self.send("DELETE", f"/files?path={path}&recursive=true",
                               b"", {})
            self.assert_refused(answer, path)

    def test_targets_that_lead_out_of_the_proxy(self):
        key = f"Authorization: Bearer {self.server.key}\r\n"
        for target in (self.box.path("/../../api/sandbox"),
                       self.box.path("/..%2f..%2fapi/sandbox"),
                       f"/toolbox/../api/../toolbox/{self.box.id}/version",
                       f"/toolbox/%2e%2e/{self.box.id}/version",
                       f"//toolbox/{self.box.id}/version",
                       f"/toolbox/{self.box.id}"):
            answer = self.raw((f"GET {target} HTTP/1.1\r\nHost: localhost\r\n"
                               f"{key}Connection: close\r\n\r\n").encode())
            self.assert_refused(answer, target)


if __name__ == "__main__":
    main()
