"""Upload and download, single and bulk: contents, limits, memory."""

import email.parser
import hashlib
import json
import os
import random
import socket
import threading
import unittest
import urllib.parse

from daemon import (MEMORY_FACTOR, USER, Daemon, check_problem, form,
                    form_header, wait_until)

MIB = 1 << 20


def random_bytes(size, seed):
    return random.Random(seed).randbytes(size)


def parts_of(answer):
    """(headers, content) of each part, by announced length as clients do."""
    boundary = answer.headers.get_param("boundary").encode()
    rest = answer.body
    parts = []
    while not rest.startswith(b"--" + boundary + b"--"):
        assert rest.startswith(b"--" + boundary + b"\r\n"), rest[:80]
        head, rest = rest[len(boundary) + 4:].split(b"\r\n\r\n", 1)
        headers = email.parser.BytesParser().parsebytes(head + b"\r\n\r\n")
        length = int(headers["Content-Length"])
        parts.append((headers, rest[:length]))
        assert rest[length:length + 2] == b"\r\n"
        rest = rest[length + 2:]
    return parts


class Transfer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())

    def setUp(self):
        self.root = os.path.join(self.daemon.work, self.id().split(".")[-1])
        os.mkdir(self.root)
        os.chown(self.root, USER, USER)

    def at(self, name):
        return os.path.join(self.root, name)

    def content(self, name):
        with open(self.at(name), "rb") as file:
            return file.read()

    def put(self, name, data):
        with open(self.at(name), "wb") as file:
            file.write(data)
        return self.at(name)

    def upload(self, path, data, endpoint="/files/upload"):
        return self.daemon.post(endpoint, form([("file", "x", data)]),
                                form_header(), path=path)

    def bulk_upload(self, parts):
        return self.daemon.post("/files/bulk-upload", form(parts),
                                form_header())

    def download(self, path, **headers):
        return self.daemon.call("GET", "/files/download", None, headers,
                                path=path)

    # -- single files

    def test_upload_makes_parents_and_truncates(self):
        answer = self.upload(self.at("new/dir/a"), b"content")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(self.content("new/dir/a"), b"content")
        info = os.stat(self.at("new/dir/a"))
        self.assertEqual((info.st_mode & 0o777, info.st_uid), (0o644, USER))
        self.assertEqual(os.stat(self.at("new")).st_mode & 0o777, 0o750)
        self.upload(self.at("new/dir/a"), b"")
        self.assertEqual(self.content("new/dir/a"), b"")

    def test_upload_goes_through_a_symlink_and_keeps_the_mode(self):
        target = self.put("target", b"old and longer")
        os.chown(target, USER, USER)
        os.chmod(target, 0o600)
        os.symlink("target", self.at("link"))
        self.assertEqual(self.upload(self.at("link"), b"new").status, 200)
        self.assertTrue(os.path.islink(self.at("link")))
        self.assertEqual(self.content("target"), b"new")
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o600)

    def test_upload_v2_as_a_form_and_raw(self):
        path = self.at("a.bin")
        answer = self.upload(path, b"one", "/files/upload-v2")
        self.assertEqual(answer.json, {
            "name": "a.bin", "path": path, "type": "application/octet-stream"})
        answer = self.daemon.post("/files/upload-v2", b"two",
                                  {"Content-Type": "text/x-q"}, path=path)
        self.assertEqual(answer.json["type"], "text/x-q")
        self.assertEqual(self.content("a.bin"), b"two")

    def test_relative_upload(self):
        name = os.path.basename(self.root)
        self.assertEqual(self.upload(name + "/rel", b"r").status, 200)
        self.assertEqual(self.content("rel"), b"r")

    def test_uploads_that_cannot_be(self):
        os.mkfifo(self.at("fifo"))
        os.chmod(self.at("fifo"), 0o666)
        os.mkdir(self.at("dir"))
        for path, code, needle in (
                (self.at("dir"), "INVALID_FILE_PATH", "is a directory"),
                (self.at("dir") + "/", "INVALID_FILE_PATH", "is a directory"),
                (self.at("fifo"), "INVALID_FILE_PATH", ""),
                ("/dev/null", "INVALID_FILE_PATH", "not a regular file"),
                ("/root-only", "FILE_ACCESS_DENIED", "permission denied"),
                ("/etc/passwd", "FILE_ACCESS_DENIED", "permission denied")):
            with self.subTest(path=path):
                check_problem(self, self.upload(path, b"x" * 300000), 400,
                              code, needle)
        check_problem(self, self.daemon.post(
            "/files/upload", form([("file", "x", b"")]), form_header()), 400,
            "BAD_REQUEST", "path is required")
        for body, headers, needle in (
                (b"raw", {}, "multipart form is needed"),
                (form([("other", None, b"x")]), form_header(),
                 "one field 'file'"),
                (form([("file", "a", b"x")])[:-10], form_header(),
                 "closing boundary"),
                (form([("file", "a", b"1"), ("file", "b", b"2")]),
                 form_header(), "one field 'file'")):
            answer = self.daemon.post("/files/upload", body, headers,
                                      path=self.at("form"))
            check_problem(self, answer, 400, "BAD_REQUEST", needle)

    def test_download_headers(self):
        path = self.put('nä"me 日本.txt', b"hello")
        answer = self.download(path)
        self.assertEqual((answer.status, answer.body), (200, b"hello"))
        expected = {
            "Content-Type": "application/octet-stream",
            "Content-Length": "5", "Accept-Ranges": "bytes", "Expires": "0",
            "Content-Description": "File Transfer",
            "Content-Transfer-Encoding": "binary",
            "Cache-Control": "must-revalidate", "Pragma": "public"}
        for name, value in expected.items():
            self.assertEqual(answer.headers[name], value)
        self.assertEqual(
            answer.headers["Content-Disposition"],
            'attachment; filename="n\xe4\\"me __.txt"; '
            "filename*=utf-8''n%C3%A4%22me%20%E6%97%A5%E6%9C%AC.txt")

    def test_ranges(self):
        path = self.put("r", b"0123456789")
        for value, status, body, shown in (
                ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
                ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
                ("bytes=-3", 206, b"789", "bytes 7-9/10"),
                ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
                ("bytes=0-1,4-5", 200, b"0123456789", None),
                ("lines=1-2", 200, b"0123456789", None)):
            answer = self.download(path, Range=value)
            self.assertEqual((answer.status, answer.body,
                              answer.headers["Content-Range"]),
                             (status, body, shown), value)
        answer = self.download(path, Range="bytes=10-")
        check_problem(self, answer, 416, "RANGE_NOT_SATISFIABLE")
        self.assertEqual(answer.headers["Content-Range"], "bytes */10")

    def test_a_resumed_download_notices_a_changed_file(self):
        path = self.put("r", b"0123456789")
        tag = self.download(path).headers["ETag"]
        resume = lambda: self.download(path, **{"Range": "bytes=5-",
                                                "If-Range": tag})
        self.assertEqual(resume().status, 206)
        self.put("r", b"abcdefghijk")
        self.assertEqual((resume().status, resume().body),
                         (200, b"abcdefghijk"))

    def head(self, path, **headers):
        return self.daemon.call("HEAD", "/files/download", None, headers,
                                path=path)

    def test_head_tells_what_a_download_would(self):
        path = self.put("h", b"0123456789")
        got, told = self.download(path), self.head(path)
        self.assertEqual((told.status, told.body), (200, b""))
        for name in ("Content-Length", "ETag", "Last-Modified",
                     "Accept-Ranges", "Content-Disposition"):
            self.assertEqual(told.headers[name], got.headers[name], name)
        part = self.head(path, Range="bytes=2-4")
        self.assertEqual((part.status, part.headers["Content-Range"],
                          part.headers["Content-Length"]),
                         (206, "bytes 2-4/10", "3"))
        self.assertEqual(self.head(path, Range="bytes=99-").status, 416)
        missing = self.head(self.at("none"))
        self.assertEqual((missing.status, missing.body), (404, b""))

    def test_a_connection_goes_on_after_head(self):
        path = self.put("h", b"0123456789")
        sent = (f"HEAD /files/download?path={path} HTTP/1.1\r\nHost: x\r\n\r\n"
                "HEAD /version HTTP/1.1\r\nHost: x\r\n\r\n"
                "HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
                f"GET /files/download?path={path} HTTP/1.1\r\nHost: x\r\n"
                "Connection: close\r\n\r\n")
        got = self.daemon.raw(sent.encode())
        self.assertEqual([line for line in got.split(b"\r\n")
                          if line.startswith(b"HTTP/1.1")],
                         [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK",
                          b"HTTP/1.1 404 Not Found", b"HTTP/1.1 200 OK"])
        self.assertEqual(got.count(b"0123456789"), 1)
        self.assertTrue(got.endswith(b"\r\n\r\n0123456789"))

    def test_downloads_that_cannot_be(self):
        os.mkfifo(self.at("fifo"))
        os.chmod(self.at("fifo"), 0o666)
        for path, status, code in (
                (self.root, 400, "INVALID_FILE_PATH"),
                (self.at("fifo"), 400, "INVALID_FILE_PATH"),
                ("/dev/zero", 400, "INVALID_FILE_PATH"),
                (self.daemon.socket_path, 400, "INVALID_FILE_PATH"),
                ("/etc/shadow", 403, "FILE_ACCESS_DENIED"),
                (self.at("none"), 404, "FILE_NOT_FOUND")):
            with self.subTest(path=path):
                check_problem(self, self.download(path), status, code)

    # -- bulk

    def test_bulk_upload_interleaved_and_paths_first(self):
        a, b = self.at("deep/er/a"), self.at("b")
        for order in ((0, 1, 2, 3), (0, 2, 1, 3), (0, 2, 3, 1)):
            parts = [("files[0].path", None, a.encode()),
                     ("files[0].file", a, b"A" * 5),
                     ("files[1].path", None, b" " + b.encode() + b"\n"),
                     ("files[1].file", "b", b"")]
            answer = self.bulk_upload([parts[i] for i in order])
            self.assertEqual(answer.status, 200, answer.text)
            self.assertCountEqual(answer.json["files"], [
                {"path": a, "bytes": 5}, {"path": b, "bytes": 0}])
            self.assertEqual(self.content("deep/er/a"), b"AAAAA")
            os.unlink(a)
        self.assertEqual(os.stat(self.at("deep")).st_mode & 0o777, 0o755)
        self.assertEqual(self.bulk_upload([]).json, {"files": []})

    def test_bulk_upload_tells_every_error_and_keeps_what_worked(self):
        good = self.at("good")
        os.mkdir(self.at("dir"))
        answer = self.bulk_upload([
            ("files[0].file", "x", b"no path"),
            ("files[1].path", None, b"  "),
            ("files[2].path", None, self.at("dir").encode()),
            ("files[2].file", "x", b"data"),
            ("files[3].path", None, good.encode()),
            ("files[3].file", "x", b"good"),
            ("files[4].path", None, b"/etc/passwd"),
            ("files[4].file", "x", b"data")])
        body = check_problem(self, answer, 400, "BAD_REQUEST", "dir")
        self.assertEqual(body["files"], [{"path": good, "bytes": 4}])
        self.assertEqual(body["errors"], [
            "file[0]: missing .path metadata", "path[1]: empty path",
            self.at("dir") + ": create: is a directory",
            "/etc/passwd: create: permission denied"])
        self.assertEqual(self.content("good"), b"good")

    def test_malformed_bulk_uploads(self):
        post = lambda body, headers: self.daemon.post("/files/bulk-upload",
                                                      body, headers)
        for body, headers, error in (
                (b"x", {}, "invalid multipart form"),
                (b"{}", {"Content-Type": "application/json"},
                 "invalid multipart form"),
                (b"", form_header(), "reading part: the closing boundary"),
                (b"--BOUND?\r\n", form_header(), "reading part: a boundary"),
                (form([("files[0].path", None, b"x" * 5000)]), form_header(),
                 "path[0]: invalid path")):
            answer = post(body, headers)
            body = check_problem(self, answer, 400, "BAD_REQUEST")
            self.assertIn(error, body["errors"][0])
            self.assertIsNone(body["files"])

    def test_bulk_download(self):
        odd = self.put('o"d\\d é日.png', random_bytes(100_000, 3))
        empty = self.put("empty", b"")
        tricky = self.put("tricky", b"\r\n--DAYTONA-FILE-BOUNDARY--\r\n")
        missing = self.at("missing.txt")
        paths = [odd, missing, empty, "", tricky, "/etc/shadow", self.root]
        answer = self.daemon.post("/files/bulk-download", {"paths": paths})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers.get_content_type(),
                         "multipart/form-data")
        self.assertTrue(answer.body.startswith(b"--DAYTONA-FILE-BOUNDARY\r\n"))
        parts = parts_of(answer)
        names = [part[0].get_param("name", header="content-disposition")
                 for part in parts]
        self.assertEqual(names, ["file", "error", "file", "error", "file",
                                 "error", "error"])
        self.assertEqual(parts[0][1], self.content(odd))
        self.assertEqual(parts[0][0].get_content_type(), "image/png")
        self.assertEqual(parts[2][1], b"")
        self.assertEqual(parts[4][1], self.content(tricky))
        for part, path in zip(parts, paths):
            shown = str(part[0]["Content-Disposition"])
            name = shown.split("filename*=utf-8''")[1]
            self.assertEqual(urllib.parse.unquote(name), path)
        codes = [json.loads(parts[i][1]) for i in (1, 3, 5, 6)]
        self.assertEqual([(c["statusCode"], c["code"]) for c in codes], [
            (404, "FILE_NOT_FOUND"), (400, "INVALID_FILE_PATH"),
            (403, "FILE_ACCESS_DENIED"), (400, "INVALID_FILE_PATH")])
        self.assertEqual(codes[0]["message"], "file not found: " + missing)

    def test_bad_bulk_download_bodies(self):
        for body in ("", "{", "{}", '{"paths":[]}', '{"paths":"a"}',
                     '{"paths":[1]}'):
            check_problem(self, self.daemon.post("/files/bulk-download", body),
                          400, "INVALID_REQUEST_BODY", "request body must be")

    # -- size and memory

    def test_64_mib_up_and_down_by_hash_in_little_memory(self):
        data = random_bytes(64 * MIB, 1)
        wanted = hashlib.sha256(data).hexdigest()
        self.assertEqual(self.upload(self.at("one"), data).status, 200)
        parts = [("files[0].path", None, self.at("two").encode()),
                 ("files[0].file", "two", data)]
        self.assertEqual(self.bulk_upload(parts).json["files"],
                         [{"path": self.at("two"), "bytes": len(data)}])
        for name in ("one", "two"):
            got = hashlib.sha256(self.download(self.at(name)).body)
            self.assertEqual(got.hexdigest(), wanted)
        answer = self.daemon.post("/files/bulk-download", {
            "paths": [self.at("one"), self.at("two")]})
        for _, content in parts_of(answer):
            self.assertEqual(hashlib.sha256(content).hexdigest(), wanted)
        peak = int(self.daemon.status_field("VmHWM").split()[0])
        self.assertLess(peak, 32 * 1024 * MEMORY_FACTOR)

    def test_chunked_uploads_with_expectation(self):
        body = form([("file", "x", random_bytes(MIB, 2))])
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.daemon.socket_path)
            sock.settimeout(20)
            sock.sendall(
                b"POST /files/upload?path=" + self.at("c").encode() +
                b" HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                b"Transfer-Encoding: chunked\r\nContent-Type: "
                b"multipart/form-data; boundary=BOUND\r\n\r\n")
            self.assertEqual(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            for at in range(0, len(body), 7919):
                piece = body[at:at + 7919]
                sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            sock.sendall(b"0\r\n\r\n")
            self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 200 OK"))
        self.assertEqual(self.content("c"), random_bytes(MIB, 2))

    def test_several_at_once(self):
        data = [random_bytes(3 * MIB, seed) for seed in range(16)]
        failed = []

        def one(i):
            path = self.at(f"f{i}")
            if (self.upload(path, data[i]).status != 200
                    or self.download(path).body != data[i]):
                failed.append(i)
        threads = [threading.Thread(target=one, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])

    def test_a_client_that_leaves_ends_its_errand(self):
        path = self.put("big", b"x" * (8 * MIB))
        before = self.children()
        for start in (b"GET /files/download?path=" + path.encode()
                      + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                      b"POST /files/upload?path=" + self.at("cut").encode()
                      + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                      b"Content-Type: multipart/form-data; boundary=B\r\n\r\n"
                      b"--B\r\n"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.daemon.socket_path)
                sock.sendall(start)
                self.assertTrue(wait_until(
                    lambda: self.children() > before))
            self.assertTrue(wait_until(lambda: self.children() == before))

    def stuck_download(self, path):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.connect(self.daemon.socket_path)
        sock.sendall(b"GET /files/download?path=" + path.encode()
                     + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        return sock

    def test_readers_that_stop_hold_nobody_until_64_are_held(self):
        path = self.put("big", b"x" * (8 * MIB))
        stuck = [self.stuck_download(path) for _ in range(20)]
        self.assertEqual(self.upload(self.at("a"), b"1").status, 200)
        stuck += [self.stuck_download(path) for _ in range(44)]
        self.assertTrue(wait_until(lambda: self.children() == 64))
        waiting = self.daemon.connection()
        waiting.request("GET", "/files/info?path=/")
        # Nothing but files has to wait.
        self.assertEqual(self.daemon.get("/version").status, 200)
        self.assertEqual(self.daemon.output("echo ok"), "ok\n")
        self.assertEqual(self.children(), 64)
        stuck.pop().close()
        self.assertEqual(waiting.getresponse().read()[:8], b'{"name":')
        waiting.close()
        for sock in stuck:
            sock.close()
        self.assertTrue(wait_until(lambda: self.children() == 0))

    def test_an_errand_that_is_killed_is_told(self):
        body = form([("file", "x", b"y" * 300_000)])
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(self.daemon.socket_path)
            sock.sendall(
                b"POST /files/upload?path=" + self.at("k").encode()
                + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                b"Content-Type: multipart/form-data; boundary=BOUND\r\n\r\n"
                % len(body) + body[:1000])
            self.assertTrue(wait_until(lambda: os.path.exists(self.at("k"))))
            os.kill(int(self.child_pids()[0]), 9)
            sock.sendall(body[1000:])
            told = sock.recv(1000)
            self.assertIn(b"HTTP/1.1 500 ", told)
            self.assertIn(b"ended by the system", told)
            # And the connection goes on.
            sock.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b" 200 OK", sock.recv(1000))

    def child_pids(self):
        pid = self.daemon.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return children.read().split()

    def children(self):
        return len(self.child_pids())


if __name__ == "__main__":
    unittest.main()
