"""A git server over HTTP or HTTPS on the loopback interface, with passwords.

In a test: `with GitServer(folder) as server: server.url("project.git")`.
By itself (it needs git, and nothing of this repository beside it):

    git_server.py PORT FOLDER [USER PASSWORD]

Every bare repository below the folder is served; with a user nobody else may
read or push. What lies below FOLDER/denied answers 403 to everybody. A path
/moved/PATH leads to /PATH, and /away/PORT/PATH to another host, localhost.
"""

import base64
import http.server
import os
import ssl
import subprocess
import sys
import threading
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    """Passes requests on to git's own CGI program."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_):
        pass  # tests ask for what they need

    def do_GET(self):
        owner = self.server.owner
        body = self.body()
        owner.requests.append((self.command, self.path))
        if owner.hangs.is_set():
            owner.released.wait(60)
        if self.path.startswith("/moved/"):
            self.refuse(301, [("Location", self.path[len("/moved"):])])
        elif self.path.startswith("/away/"):
            self.refuse(302, [("Location", "http://localhost:"
                               + self.path[len("/away/"):])])
        elif not owner.admits(self.headers.get("Authorization")):
            self.refuse(401, [("WWW-Authenticate", 'Basic realm="varve"')])
        elif self.path.startswith("/denied/"):
            self.refuse(403)
        else:
            self.pass_on(body)

    do_POST = do_GET

    def refuse(self, status, headers=()):
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def pass_on(self, body):
        done = subprocess.run(["git", "http-backend"], input=body,
                              env=self.variables(), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().splitlines():
            name, _, text = line.partition(": ")
            if name == "Status":
                status = int(text.split()[0])
            else:
                headers.append((name, text))
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def variables(self):
        url = urllib.parse.urlsplit(self.path)
        out = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": self.server.owner.folder,
            "GIT_HTTP_EXPORT_ALL": "1",
            # The folder may be another user's.
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_CONFIG_KEY_1": "http.receivepack",
            "GIT_CONFIG_VALUE_1": "true",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(url.path),
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "someone",
        }
        if encoding := self.headers.get("Content-Encoding"):
            out["HTTP_CONTENT_ENCODING"] = encoding
        if protocol := self.headers.get("Git-Protocol"):
            out["GIT_PROTOCOL"] = protocol
        return out


class GitServer:
    """`login` is (user, password). With `tls` it makes a certificate that
    nobody trusts, `certificate`, for localhost and 127.0.0.1."""

    def __init__(self, folder, login=None, port=0, tls=False):
        self.folder = os.path.abspath(folder)
        self.login = login
        self.requests = []              # (method, path), as they came
        self.hangs = threading.Event()  # while set, requests wait ...
        self.released = threading.Event()  # ... until this is
        self.scheme = "https" if tls else "http"
        self.certificate = os.path.join(self.folder, "certificate.pem")
        self.listener = http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), Handler)
        self.listener.daemon_threads = True
        self.listener.owner = self
        self.listener.handle_error = lambda *_: None  # clients go away
        if tls:
            self.listener.socket = self.tls_socket()

    def tls_socket(self):
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", key, "-out", self.certificate, "-days", "2",
             "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        # In the request's own thread: a client may fail or stay silent.
        return context.wrap_socket(self.listener.socket, server_side=True,
                                   do_handshake_on_connect=False)

    def admits(self, authorization):
        if self.login is None:
            return True
        text = ":".join(self.login).encode()
        return authorization == "Basic " + base64.b64encode(text).decode()

    @property
    def port(self):
        return self.listener.server_address[1]

    def url(self, repository="", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}/{repository}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.listener.serve_forever,
                                       daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join()


if __name__ == "__main__":
    GitServer(sys.argv[2], tuple(sys.argv[3:5]) or None,
              int(sys.argv[1])).listener.serve_forever()
