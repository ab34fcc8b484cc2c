"""A registry on loopback, and images made for it: whole ones and broken ones.

Images are put there over its own interface, as any other client would, and
lie under the names that registries.conf maps docker.io to.
"""

import base64
import contextlib
import gzip
import hashlib
import http.client
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import urllib.parse

from harness.server import free_port

START_LIMIT = 30
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPE = "application/vnd.docker.distribution.manifest.list.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def architecture():
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


class Layer:
    """A tar archive in the making."""

    def __init__(self):
        self._bytes = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._bytes, mode="w",
                                 format=tarfile.PAX_FORMAT)

    def _entry(self, name, kind, mode, owner, more=None):
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode = kind, mode
        entry.uid = entry.gid = owner
        entry.pax_headers = more or {}
        return entry

    def folder(self, name, mode=0o755, owner=0):
        self._tar.addfile(self._entry(name, tarfile.DIRTYPE, mode, owner))
        return self

    def file(self, name, data=b"", mode=0o644, owner=0, more=None):
        entry = self._entry(name, tarfile.REGTYPE, mode, owner, more)
        entry.size = len(data)
        self._tar.addfile(entry, io.BytesIO(data))
        return self

    def link(self, name, target, hard=False):
        entry = self._entry(
            name, tarfile.LNKTYPE if hard else tarfile.SYMTYPE, 0o777, 0)
        entry.linkname = target
        self._tar.addfile(entry)
        return self

    def device(self, name):
        entry = self._entry(name, tarfile.BLKTYPE, 0o666, 0)
        entry.devmajor, entry.devminor = 8, 0
        self._tar.addfile(entry)
        return self

    @property
    def tar(self):
        self._tar.close()
        return self._bytes.getvalue()


def busybox_layer():
    """A shell and its applets, and a user."""
    busybox = shutil.which("busybox")
    if busybox is None:
        raise SystemExit("busybox-static is not installed")
    layer = Layer().folder("bin").folder("etc").folder("tmp", 0o1777)
    with open(busybox, "rb") as program:
        layer.file("bin/busybox", program.read(), 0o755)
    names = subprocess.run([busybox, "--list"], capture_output=True,
                           check=True).stdout.decode().split()
    for name in names:
        if name != "busybox":
            layer.link("bin/" + name, "busybox")
    layer.file("etc/passwd", b"root:x:0:0::/root:/bin/sh\n"
               b"web:x:1000:1000::/home/web:/bin/sh\n")
    layer.file("etc/group", b"root:x:0:\nweb:x:1000:\n")
    return layer


class Registry:
    """A context manager: runs on entry, leaves nothing behind."""

    def __init__(self, password=None):
        """With a password nobody but `user` gets anything."""
        self.password = password
        self.home = tempfile.mkdtemp(prefix="varve-registry-", dir="/var/tmp")
        self.port = free_port()
        self.process = None

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        config = os.path.join(self.home, "config.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write("version: 0.1\nlog: {level: error}\n"
                       "storage:\n  filesystem: {rootdirectory: "
                       f"{self.home}/storage}}\n  delete: {{enabled: true}}\n"
                       f"http:\n  addr: {self.host}\n")
            if self.password:
                file.write("auth:\n  htpasswd:\n    realm: test\n"
                           f"    path: {self._htpasswd()}\n")
        log = os.path.join(self.home, "log")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", config], stdout=output,
                stderr=output, stdin=subprocess.DEVNULL)
        end = time.monotonic() + START_LIMIT
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                with open(log, encoding="utf-8", errors="replace") as file:
                    words = file.read()
                self.__exit__()
                raise RuntimeError("the registry does not start: " + words)
            time.sleep(0.05)
        return self

    def _htpasswd(self):
        path = os.path.join(self.home, "htpasswd")
        hashed = subprocess.run(
            ["perl", "-e", "print crypt($ENV{WORD}, '$2b$05$"
             "abcdefghijklmnopqrstuu')"], env={"WORD": self.password,
                                               "PATH": os.environ["PATH"]},
            check=True, capture_output=True, text=True, timeout=30).stdout
        with open(path, "w", encoding="ascii") as file:
            file.write(f"user:{hashed}\n")
        return path

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    @contextlib.contextmanager
    def silent(self):
        """It accepts connections and answers nobody."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def _answers(self):
        try:
            return self._ask("GET", "/v2/")[0] == 200
        except OSError:
            return False

    def _ask(self, method, path, body=None, headers=None):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = dict(headers or {})
        if self.password:
            text = base64.b64encode(f"user:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {text}"
        try:
            peer.request(method, path, body, headers)
            answer = peer.getresponse()
            answer.read()
            return answer.status, answer.headers
        finally:
            peer.close()

    def registries_conf(self, *others):
        """Where docker.io is this registry, without TLS, and the others are
        what they are called; its path."""
        path = os.path.join(self.home, "registries.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write('[[registry]]\nprefix = "docker.io"\n'
                       f'location = "{self.host}"\ninsecure = true\n')
            for other in others:
                file.write(f'[[registry]]\nlocation = "{other.host}"\n'
                           'insecure = true\n')
        return path

    def put_blob(self, repository, data):
        status, headers = self._ask("POST", f"/v2/{repository}/blobs/uploads/")
        if status != 202:
            raise RuntimeError(f"upload of a blob: {status}")
        where = urllib.parse.urlsplit(headers["Location"])
        query = where.query + "&" if where.query else ""
        status, _ = self._ask(
            "PUT", f"{where.path}?{query}digest="
            + urllib.parse.quote(digest(data)), data,
            {"Content-Type": "application/octet-stream"})
        if status != 201:
            raise RuntimeError(f"blob: {status}")
        return digest(data)

    def put_manifest(self, repository, tag, manifest):
        data = json.dumps(manifest).encode()
        status, _ = self._ask("PUT", f"/v2/{repository}/manifests/{tag}", data,
                              {"Content-Type": manifest["mediaType"]})
        if status != 201:
            raise RuntimeError(f"manifest of {repository}:{tag}: {status}")
        return digest(data), len(data)

    def put_image(self, repository, tag, layers, arch=None, **config):
        """The digests of its blobs; `config` as image configs have it."""
        tars = [layer.tar for layer in layers]
        blobs = [gzip.compress(tar, 1, mtime=0) for tar in tars]
        text = json.dumps({
            "architecture": arch or architecture(), "os": "linux",
            "config": config,
            "history": [{"created_by": "a test"} for _ in tars],
            "rootfs": {"type": "layers", "diff_ids": list(map(digest, tars))},
        }).encode()
        digests = [self.put_blob(repository, blob) for blob in blobs]
        self.put_manifest(repository, tag, {
            "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "size": len(text),
                       "digest": self.put_blob(repository, text)},
            "layers": [{"mediaType": LAYER_TYPE, "size": len(blob),
                        "digest": name}
                       for blob, name in zip(blobs, digests)]})
        return digests

    def blob_path(self, name):
        plain = name.split(":")[1]
        return os.path.join(self.home, "storage/docker/registry/v2/blobs/"
                            f"sha256/{plain[:2]}/{plain}/data")

    def lose_blob(self, name):
        os.remove(self.blob_path(name))

    def damage_blob(self, name):
        """Of the same length, and another content."""
        with open(self.blob_path(name), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last[0] ^ 0xff]))
