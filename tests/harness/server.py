"""One server under test: its data, its process, and how it ends."""

import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

START_LIMIT = 60   # seconds until /health answers 200
STOP_LIMIT = 60


class Refused(Exception):
    """The server ended by itself instead of serving."""

    def __init__(self, code, output):
        super().__init__(f"the server ended with {code}:\n{output}")
        self.code = code
        self.output = output


class Binaries:
    def __init__(self, build):
        build = os.path.abspath(build)
        self.varve = os.path.join(build, "ops/varve")
        self.toolbox = os.path.join(build, "runner/toolbox/varve-toolbox")
        self.monitor = os.path.join(build, "runner/monitor/varve-monitor")
        for path in (self.varve, self.toolbox, self.monitor):
            if not os.access(path, os.X_OK):
                raise SystemExit(f"not built: {path}")


def images_folder():
    """The store that ops/test filled, with the default snapshot in it."""
    images = os.environ.get("VARVE_TEST_IMAGES", "/var/cache/varve/images")
    if not os.path.exists(os.path.join(images, "default")):
        raise SystemExit(f"no default snapshot under {images} "
                         "(ops/image/build-base --data DIR makes it)")
    return images


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def copy_with_holes(source, target):
    """Disks are hardly anything but holes."""
    status = os.stat(source)
    if status.st_blocks * 512 < status.st_size // 2:
        subprocess.run(["cp", "-p", "--sparse=always", source, target],
                       check=True)
    else:
        shutil.copy2(source, target)


class Server:
    """Not started by itself. One user at a time; `purge` leaves nothing."""

    def __init__(self, binaries, options=()):
        self.binaries = binaries
        self.home = tempfile.mkdtemp(prefix="varve-test-", dir="/var/tmp")
        # The root of a sandbox is nobody here and passes through.
        os.chmod(self.home, 0o711)
        self.data = os.path.join(self.home, "data")
        self.run = os.path.join(self.home, "run")
        self.log = os.path.join(self.home, "server.log")
        self.port = free_port()
        self.options = list(options)
        self.process = None
        self.beneath = []  # traces of what the test itself put under --data
        self._link_images()

    def _link_images(self):
        os.makedirs(self.data, mode=0o711, exist_ok=True)
        images = os.path.join(self.data, "images")
        if not os.path.lexists(images):
            os.symlink(images_folder(), images)

    def move_data(self, folder):
        """Puts --data somewhere else, before the first start."""
        shutil.rmtree(self.data)
        self.data = folder
        self._link_images()

    def copy_data(self, folder):
        """Takes over what another, stopped, server left."""
        def sockets(here, names):
            return [name for name in names if stat.S_ISSOCK(
                os.lstat(os.path.join(here, name)).st_mode)]

        shutil.rmtree(self.data)
        shutil.copytree(folder, self.data, symlinks=True, ignore=sockets,
                        copy_function=copy_with_holes)

    @property
    def key(self):
        with open(os.path.join(self.data, "api-key"), encoding="ascii") as key:
            return key.read().strip()

    @property
    def marks(self):
        """Every name this server gives to something on the host holds one."""
        marks = [self.home]
        try:
            with open(os.path.join(self.data, "instance"),
                      encoding="ascii") as file:
                instance = file.read().strip()
            marks += [f"varve-{instance}", f"varve_{instance}",
                      f"v{instance}"]
        except FileNotFoundError:
            pass  # never started
        return marks

    def command(self, *arguments):
        """Runs a subcommand; (exit code, stdout, stderr)."""
        done = subprocess.run([self.binaries.varve, *arguments,
                               "--data", self.data],
                              capture_output=True, timeout=120)
        return (done.returncode, done.stdout.decode(),
                done.stderr.decode(errors="replace"))

    def spawn(self, environment=None):
        """Starts the process and does not wait for it to serve."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binaries.varve, "serve", "--data", self.data,
                 "--run", self.run, "--listen", f"127.0.0.1:{self.port}",
                 "--toolbox", self.binaries.toolbox,
                 "--monitor", self.binaries.monitor, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.home, env={**os.environ, **(environment or {})},
                preexec_fn=_allow_core_files)

    def start(self, environment=None):
        self.spawn(environment)
        self.wait_until_healthy()

    def is_healthy(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as peer:
                peer.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
                             b"Connection: close\r\n\r\n")
                return peer.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def wait_until_healthy(self):
        end = time.monotonic() + START_LIMIT
        while not self.is_healthy():
            if self.process.poll() is not None:
                raise Refused(self.process.returncode, self.log_tail())
            if time.monotonic() > end:
                self.kill()
                raise Refused("timeout", self.log_tail())
            time.sleep(0.02)

    def wait_for_exit(self, limit):
        return self.process.wait(timeout=limit)

    def kill(self, number=signal.SIGKILL):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=STOP_LIMIT)

    def stop(self):
        """Asks it to end; its sandboxes go on. Returns the exit code."""
        self.kill(signal.SIGTERM)
        return self.process.returncode

    def log_tail(self, size=6000):
        with open(self.log, "rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - size))
            return log.read().decode(errors="replace")

    def purge(self):
        """Removes everything of it from the host; the purge's own answer."""
        self.kill()
        return self.command("purge", "--run", self.run)

    def remove_home(self):
        shutil.rmtree(self.home, ignore_errors=True)


def _allow_core_files():
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
