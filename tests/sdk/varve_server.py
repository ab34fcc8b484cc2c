"""A server of one's own: private data directory and port, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
START_LIMIT = 60  # seconds
STOP_LIMIT = 60


class ServerError(Exception):
    pass


def images():
    """Where ops/test keeps the images that tests start from."""
    folder = os.environ.get("VARVE_TEST_IMAGES", "/var/cache/varve/images")
    if not os.path.exists(os.path.join(folder, "default")):
        raise ServerError(f"no images in {folder}: run ops/test once")
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class VarveServer:
    """`with VarveServer(build) as server:` gives a server that answers; on
    leaving, its sandboxes are destroyed and the host is shown to be clean."""

    def __init__(self, build, *arguments):
        self.build = os.path.abspath(build)
        self.arguments = arguments
        self.data = None
        self.process = None
        self.log = None

    @property
    def api_url(self):
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def api_key(self):
        with open(os.path.join(self.data, "api-key")) as stream:
            return stream.read().strip()

    def client_environment(self):
        """For an SDK: nothing of DAYTONA_* from outside, no proxy."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("DAYTONA_")
                and not name.lower().endswith("_proxy")}
        return {**kept, "DAYTONA_API_URL": self.api_url,
                "DAYTONA_API_KEY": self.api_key, "DAYTONA_TARGET": "local"}

    def __enter__(self):
        self.data = tempfile.mkdtemp(prefix="varve-test-", dir="/var/tmp")
        try:
            # A sandbox's root is nobody here and must pass through.
            os.chmod(self.data, 0o711)
            os.symlink(images(), os.path.join(self.data, "images"))
            self.log = open(os.path.join(self.data, "server.log"), "ab")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop()
            self.purge()
        finally:
            if self.log:
                self.log.close()
            shutil.rmtree(self.data, ignore_errors=True)

    def start(self):
        self.port = free_port()
        self.process = subprocess.Popen(
            [self.binary("ops/varve"), "serve", "--data", self.data,
             "--listen", f"127.0.0.1:{self.port}",
             "--toolbox", self.binary("runner/toolbox/varve-toolbox"),
             "--monitor", self.binary("runner/monitor/varve-monitor"),
             *self.arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        limit = time.monotonic() + START_LIMIT
        while not self.answers():
            if self.process.poll() is not None:
                raise ServerError("the server ended:\n" + self.log_tail())
            if time.monotonic() > limit:
                raise ServerError("no answer at /health:\n" + self.log_tail())
            time.sleep(0.1)

    def answers(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}/health",
                             timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServerError("SIGTERM did not end the server:\n"
                              + self.log_tail()) from None

    def purge(self):
        if not os.path.exists(self.binary("ops/varve")):
            return
        instance = self.instance()
        answer = subprocess.run(
            [self.binary("ops/varve"), "purge", "--data", self.data],
            capture_output=True, text=True, timeout=120, check=False)
        if answer.returncode != 0:
            raise ServerError(f"purge failed: {answer.stderr}")
        if instance:
            self.expect_nothing_left(instance)

    def instance(self):
        try:
            with open(os.path.join(self.data, "instance")) as stream:
                return stream.read().strip()
        except FileNotFoundError:
            return None

    def expect_nothing_left(self, instance):
        script = ('. ops/lib/leftovers.sh; leftover_mounts "$1" "$2"; '
                  'leftover_loops "$1"; leftover_processes "$1" "$3"; '
                  'leftover_names "$3"')
        answer = subprocess.run(
            ["bash", "-c", script, "leftovers", self.data,
             f"/run/varve/{instance}", instance], cwd=ROOT,
            capture_output=True, text=True, timeout=60, check=True)
        if answer.stdout.strip():
            raise ServerError("left after a purge:\n" + answer.stdout)

    def binary(self, path):
        return os.path.join(self.build, path)

    def log_tail(self):
        with open(os.path.join(self.data, "server.log"), "rb") as stream:
            return stream.read()[-4000:].decode(errors="replace")
