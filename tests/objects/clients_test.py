#!/usr/bin/env python3
"""The upload ways of official clients, unmodified, against a real server.

usage: clients_test.py --build BUILD

The TypeScript SDKs speak plain HTTP. The Python SDK's store refuses it: that
server has a certificate of its own authority, which is trusted in a mount
namespace of the client alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..")
sys.path.insert(0, TESTS)
sys.path.insert(0, os.path.join(TESTS, "sdk"))

import clients  # noqa: E402  (needs the path)
from api_server import environment_for  # noqa: E402
from harness.own_server import own_server  # noqa: E402

CLIENT_LIMIT = 180  # seconds


def make_context(folder):
    """A small file, and a directory of more than one part."""
    os.makedirs(os.path.join(folder, "large/inner"))
    with open(os.path.join(folder, "small.txt"), "wb") as file:
        file.write(b"small\n")
    for name in ("large/a.bin", "large/inner/b.bin"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(os.urandom(9 << 20))


def stored(server):
    """{path below --data/objects: size} of every whole object."""
    base = os.path.join(server.data, "objects")
    return {os.path.relpath(os.path.join(here, name), base):
            os.path.getsize(os.path.join(here, name))
            for here, _, names in os.walk(base) for name in names
            if f"{os.sep}." not in here[len(base):]}


def check_stored(server, title, hashes):
    objects = stored(server)
    for number, mark in enumerate(hashes):
        sizes = [size for path, size in objects.items()
                 if path.endswith(f"/{mark}/context.tar")]
        least = (100, 18 << 20)[number]
        if len(sizes) != 1 or sizes[0] < least:
            raise SystemExit(f"{title}: context {mark} is not whole: "
                             f"{objects}")
    path = next(path for path in objects if f"/{hashes[1]}/" in path)
    names = subprocess.run(
        ["tar", "-tf", os.path.join(server.data, "objects", path)],
        check=True, capture_output=True, text=True, timeout=60).stdout
    for wanted in ("large/a.bin", "large/inner/b.bin"):
        if wanted not in names:
            raise SystemExit(f"{title}: {wanted} is not in the context")
    left = os.listdir(os.path.join(server.data, "objects/.uploads"))
    if left:
        raise SystemExit(f"{title}: uploads are left: {left}")


def run(title, command, folder, environment):
    print(f"== {title}", flush=True)
    done = subprocess.run(command, cwd=folder, env=environment, text=True,
                          capture_output=True, timeout=CLIENT_LIMIT)
    if done.returncode != 0:
        raise SystemExit(f"FAILED {title}\n{done.stdout}{done.stderr}")
    return done.stdout.split()


def typescript(build, folder):
    with own_server(build) as server:
        for name, package in clients.TYPESCRIPT.items():
            command = ["node", os.path.join(HERE, "upload.mjs"), package,
                       clients.typescript(name), folder]
            title = f"typescript/{name}"
            environment = environment_for(server)
            hashes = run(title, command, folder, environment)
            check_stored(server, title, hashes)
            before = stored(server)
            if run(title, command, folder, environment) != hashes:
                raise SystemExit(f"{title}: another hash the second time")
            if stored(server) != before:
                raise SystemExit(f"{title}: uploaded what was there")


def make_certificate(folder):
    """(certificate, key, bundle that trusts it)"""
    certificate, key = (os.path.join(folder, n) for n in ("c.pem", "k.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext",
         "basicConstraints=critical,CA:FALSE",
         "-out", certificate, "-keyout", key],
        check=True, capture_output=True, timeout=60)
    return certificate, key


def python(build, folder, tls):
    certificate, key = make_certificate(tls)

    def secure(server):
        server.options += ["--tls-cert", certificate, "--tls-key", key]
        server.is_healthy = lambda: healthy(server.port, certificate)

    with own_server(build, secure) as server:
        for name in clients.PYTHON:
            environment = environment_for(server)
            environment["DAYTONA_API_URL"] = environment[
                "DAYTONA_API_URL"].replace("http:", "https:")
            environment["SSL_CERT_FILE"] = certificate
            title = f"python/{name}"
            trusted = "/etc/ssl/certs/ca-certificates.crt"
            hashes = run(title, [
                "unshare", "--mount", "sh", "-c",
                f'mount --bind "$0" {trusted} && exec "$@"', certificate,
                clients.python(name), os.path.join(HERE, "upload.py"), folder,
            ], folder, environment)
            check_stored(server, title, hashes)


def healthy(port, certificate):
    import ssl
    import urllib.request
    try:
        context = ssl.create_default_context(cafile=certificate)
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/health",
                                    timeout=5, context=context) as answer:
            return answer.status == 200
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    build = parser.parse_args().build
    with tempfile.TemporaryDirectory(prefix="varve-context-") as folder, \
            tempfile.TemporaryDirectory(prefix="varve-tls-") as tls:
        make_context(folder)
        typescript(build, folder)
        python(build, folder, tls)
    return 0


if __name__ == "__main__":
    sys.exit(main())
