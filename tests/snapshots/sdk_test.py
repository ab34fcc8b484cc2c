#!/usr/bin/env python3
"""Official SDKs, unmodified, make snapshots and sandboxes of images.

usage: sdk_test.py --build BUILD NAME...

A NAME is typescript/daytonaio-0.218.0 and the like.
"""

import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [TESTS, os.path.join(TESTS, "sdk"),
                os.path.join(TESTS, "objects")]

import clients  # noqa: E402  (needs the path)
from api_server import environment_for  # noqa: E402
from clients_test import healthy, make_certificate  # noqa: E402
from harness.internet import Internet  # noqa: E402
from harness.own_server import own_server  # noqa: E402
from harness.python_image import add_python, put_wheel  # noqa: E402
from harness.registry import Registry, busybox_layer  # noqa: E402

LIMIT = 240  # seconds


def command_for(name):
    language, version = name.split("/")
    script = os.path.join(HERE, "images")
    if language == "python":
        return [clients.python(version), f"{script}.py"]
    return ["node", f"{script}.mjs", clients.TYPESCRIPT[version],
            clients.typescript(version)]


class Secured:
    """The server for the Python SDK, whose uploads insist on https: with a
    certificate that is trusted in a mount namespace of the client alone."""

    def __init__(self, folder):
        self.certificate, self.key = make_certificate(folder)

    def prepare(self, server):
        server.options += ["--tls-cert", self.certificate, "--tls-key",
                           self.key]
        server.is_healthy = lambda: healthy(server.port, self.certificate)

    def environment(self, environment):
        url = environment["DAYTONA_API_URL"].replace("http:", "https:")
        return {**environment, "DAYTONA_API_URL": url,
                "SSL_CERT_FILE": self.certificate}

    def command(self, command):
        trusted = "/etc/ssl/certs/ca-certificates.crt"
        return ["unshare", "--mount", "sh", "-c",
                f'mount --bind "$0" {trusted} && exec "$@"', self.certificate,
                *command]


def passes(name, command, environment):
    # An empty folder: the SDKs read dotenv files where they are started.
    with tempfile.TemporaryDirectory(prefix="varve-sdk-") as folder:
        try:
            done = subprocess.run(command, cwd=folder, check=False,
                                  env=environment, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            print(f"FAILED {name}: not done in {LIMIT} s")
            return False
    print(f"{'ok' if done.returncode == 0 else 'FAILED'} {name}", flush=True)
    return done.returncode == 0


def try_one(build, name, options, outside, tls):
    secured = Secured(tls) if name.startswith("python/") else None
    command = command_for(name)

    def prepare(server):
        server.options += options
        if secured:
            secured.prepare(server)

    with own_server(build, prepare) as server:
        environment = {**environment_for(server),
                       "VARVE_TEST_OUTSIDE": outside.url}
        if secured:
            command = secured.command(command)
            environment = secured.environment(environment)
        is_well = passes(name, command, environment)
        if not is_well:
            print("server log:\n" + server.log_tail())
    return is_well


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="+")
    parser.add_argument("--build", required=True)
    chosen = parser.parse_args()
    with Registry() as registry, Internet() as outside, \
            tempfile.TemporaryDirectory(prefix="varve-tls-") as tls:
        registry.put_image("library/python", "3.12.10-slim-bookworm",
                           [busybox_layer().file("marker", b"from the image")],
                           Env=["PATH=/bin"], Cmd=["sh"])
        registry.put_image("library/python", "with-pip",
                           [add_python(busybox_layer())],
                           Env=["PATH=/usr/bin:/bin"], Cmd=["sh"])
        put_wheel(outside.folder, "varve-probe", "1.0", "word = 'probed'\n")
        options = ["--registries", registry.registries_conf()]
        results = [try_one(chosen.build, name, options, outside, tls)
                   for name in chosen.names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
