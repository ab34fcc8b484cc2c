"""Starts the real varve-toolbox binary and speaks HTTP to it.

Needs root, as a runner does. Everything lives in one temporary directory and
dies with the `with` block.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

BINARY = os.environ["VARVE_TOOLBOX"]
# What a sanitizer adds to every allocation is not the toolbox's.
MEMORY_FACTOR = 8 if os.environ.get("VARVE_TOOLBOX_SANITIZED") == "1" else 1
USER = 65534  # "nobody" of the host, who owns the work directory


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("toolbox", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, raw):
        self.status = raw.status
        self.headers = raw.headers
        self.body = raw.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()


def memory_file(content):
    fd = os.memfd_create("test")
    os.write(fd, content)
    return fd


def wait_until(holds, seconds=10.0):
    """Asks again until it holds; False when it never did."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Daemon:
    """One running toolbox: `with Daemon(user="nobody") as d: d.execute(...)`.

    `prefix` is a command that ends by executing its arguments (unshare).
    """

    def __init__(self, config=None, prefix=(), options=(), fds=(),
                 nofile=None, env=None):
        self.config = {"sandboxId": "box-1", "user": "nobody", **(config or {})}
        self.prefix = list(prefix)
        self.options = list(options)
        self.fds = list(fds)
        self.nofile = nofile
        self.env = env

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="varve-toolbox-test-")
        os.chmod(self.folder, 0o755)
        self.work = os.path.join(self.folder, "work")
        os.mkdir(self.work)
        os.chown(self.work, USER, USER)
        self.config.setdefault("workdir", self.work)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.socket_path = os.path.join(self.folder, "toolbox.sock")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.socket_path)
        listener.listen(1024)
        config = memory_file(json.dumps(self.config).encode())
        command = self.prefix + [
            BINARY, "init", f"--socket-fd={listener.fileno()}",
            f"--config-fd={config}", *self.options]
        if self.nofile:
            command = ["sh", "-c", f'ulimit -n {self.nofile}; exec "$@"',
                       "sh"] + command
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.process = subprocess.Popen(
            command, pass_fds=[listener.fileno(), config, *self.fds],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=self.env, start_new_session=True)
        listener.close()
        os.close(config)

    def __exit__(self, *_):
        process = getattr(self, "process", None)
        if process and process.poll() is None:
            try:
                os.kill(self.pid, signal.SIGTERM)
                process.wait(10)
            except (subprocess.TimeoutExpired, ProcessLookupError,
                    IndexError):
                process.kill()
                process.wait()
        if getattr(self, "log", None):
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # The process that has become the toolbox: a prefix may fork once.
    @property
    def pid(self):
        if not self.prefix:
            return self.process.pid
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path) as children:
            return int(children.read().split()[0])

    def status_field(self, name, pid=None):
        with open(f"/proc/{pid or self.pid}/status") as lines:
            for line in lines:
                if line.startswith(name + ":"):
                    return line.split(":", 1)[1].strip()
        raise KeyError(name)

    def logged(self):
        with open(self.log.name) as text:
            return text.read()

    def connection(self, timeout=60):
        return UnixConnection(self.socket_path, timeout)

    def raw(self, bytes_to_send, timeout=10):
        """Everything that comes back until the other side closes."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect(self.socket_path)
            sock.sendall(bytes_to_send)
            out = b""
            while True:
                part = sock.recv(65536)
                if not part:
                    return out
                out += part

    def call(self, method, path, body=None, headers=None, /, timeout=60,
             **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, /, **query):
        return self.call("GET", path, **query)

    def post(self, path, body=None, headers=None, /, **query):
        return self.call("POST", path, body, headers, **query)

    def delete(self, path, /, **query):
        return self.call("DELETE", path, **query)

    def execute(self, command, **more):
        """The whole answer's JSON; fails on any status but 200."""
        answer = self.post("/process/execute", {"command": command, **more})
        assert answer.status == 200, (answer.status, answer.text)
        return answer.json

    def output(self, command, **more):
        done = self.execute(command, **more)
        assert done["exitCode"] == 0, done
        return done["result"]

    def code_run(self, language, code, **more):
        answer = self.post("/process/code-run",
                           {"language": language, "code": code, **more})
        assert answer.status == 200, (answer.status, answer.text)
        return answer.json


def check_problem(case, answer, status, code, needle=""):
    """An error body with every member clients read."""
    case.assertEqual(answer.status, status, answer.text)
    case.assertEqual(answer.headers["Content-Type"],
                     "application/json; charset=utf-8")
    body = answer.json
    case.assertEqual(body["statusCode"], status)
    case.assertEqual(body["code"], code)
    case.assertEqual(body["source"], "DAYTONA_DAEMON")
    case.assertIn(needle, body["message"])
    case.assertRegex(body["timestamp"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
    case.assertIn("path", body)
    case.assertIn("method", body)
    return body


def form(parts, boundary="BOUND"):
    """A multipart body of (name, filename or None, bytes)."""
    out = b""
    for name, filename, data in parts:
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if filename is not None:
            out += f'; filename="{filename}"'.encode()
            out += b"\r\nContent-Type: application/octet-stream"
        out += b"\r\n\r\n" + data + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


def form_header(boundary="BOUND"):
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}
