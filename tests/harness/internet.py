"""A network namespace that plays the internet: a web server in it, at an
address that is nobody's, serves a folder to whoever may reach the internet."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

START_LIMIT = 30


def _ip(*words, check=True):
    subprocess.run(["ip", *words], check=check, stdin=subprocess.DEVNULL,
                   capture_output=True, timeout=30)


class Internet:
    """A context manager: there on entry, leaves nothing behind."""

    def __init__(self):
        self.name = f"varve-test-{os.getpid()}"
        self.link = f"vt{os.getpid()}"[:15]
        # Of a range for documentation, four addresses for each.
        self.base = os.getpid() % 60 * 4
        self.folder = tempfile.mkdtemp(prefix="varve-internet-", dir="/var/tmp")
        self.process = None

    @property
    def address(self):
        return f"198.51.100.{self.base + 2}"

    @property
    def url(self):
        return f"http://{self.address}"

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self):
        host = f"198.51.100.{self.base + 1}"
        _ip("netns", "add", self.name)
        _ip("link", "add", self.link, "type", "veth", "peer", "name", "eth0",
            "netns", self.name)
        _ip("addr", "add", host + "/30", "dev", self.link)
        _ip("link", "set", self.link, "up")
        _ip("-n", self.name, "addr", "add", self.address + "/30", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "link", "set", "eth0", "up")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, "-m",
             "http.server", "80", "--directory", self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_LIMIT
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the web server does not start")
            time.sleep(0.05)

    def _answers(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + "/", timeout=2):
                return True
        except OSError:
            return False

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        _ip("link", "del", self.link, check=False)
        _ip("netns", "del", self.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
