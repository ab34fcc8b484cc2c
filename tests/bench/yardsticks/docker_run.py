"""`docker run` of /bin/true in the same root file system, to its end.

A dockerd of the bench's own on a private socket, without bridge and firewall
rules, so that nothing of another one on this host is touched.
"""

import os
import subprocess
import time

START_LIMIT = 60
# The distribution's own client, not what else may be on PATH.
DOCKER = "/usr/bin/docker"


class DockerRun:
    """A context manager; the daemon lives as long as it."""

    name = "docker run"

    def __init__(self, rootfs, limits, folder):
        self.rootfs, self.limits = rootfs, limits
        self.folder = os.path.join(folder, "docker")
        self.socket = f"unix://{self.folder}/socket"
        self.daemon = None

    def _docker(self, *arguments, **more):
        return subprocess.run([DOCKER, "-H", self.socket, *arguments],
                              capture_output=True, **more)

    def __enter__(self):
        os.makedirs(self.folder)
        with open(f"{self.folder}/log", "wb") as log:
            self.daemon = subprocess.Popen(
                ["dockerd", "--bridge=none", "--iptables=false",
                 "--host", self.socket, "--data-root", f"{self.folder}/data",
                 "--exec-root", f"{self.folder}/exec",
                 "--pidfile", f"{self.folder}/pid"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._wait()
            self._import()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self):
        end = time.monotonic() + START_LIMIT
        while self._docker("version", timeout=30).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > end:
                with open(f"{self.folder}/log", encoding="utf-8") as log:
                    raise RuntimeError(f"dockerd: {log.read()[-2000:]}")
            time.sleep(0.1)

    def _import(self):
        archive = subprocess.Popen(["tar", "-C", self.rootfs, "-c", "."],
                                   stdout=subprocess.PIPE)
        done = self._docker("import", "-", "varve-bench",
                            stdin=archive.stdout, timeout=900)
        archive.stdout.close()
        if archive.wait(timeout=60) != 0 or done.returncode != 0:
            raise RuntimeError(f"docker import: {done.stderr.decode()}")

    def __exit__(self, *_):
        self.daemon.terminate()
        try:
            self.daemon.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        done = self._docker(
            "run", "--rm", "--memory", str(self.limits["memory"]),
            "--cpus", str(self.limits["cpu_quota"] / 100000),
            "--pids-limit", str(self.limits["pids"]), "varve-bench",
            "/bin/true", timeout=120)
        took = (time.perf_counter() - begun) * 1000
        if done.returncode != 0:
            raise RuntimeError(f"docker run: {done.stderr.decode()}")
        return took
