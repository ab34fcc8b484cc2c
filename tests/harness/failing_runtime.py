"""The OCI runtime of this host, which fails when it is told to."""

import os
import shutil


class FailingRuntime:
    """For `serve --runtime`: path; fail(), work()."""

    def __init__(self, server):
        self.folder = os.path.join(server.home, "bin")
        self.flag = os.path.join(server.home, "runtime-fails")
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, "crun")
        with open(self.path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n"
                       f"if [ -e {self.flag} ]; then\n"
                       "  echo 'made to fail' >&2\n  exit 1\nfi\n"
                       f"exec {shutil.which('crun')} \"$@\"\n")
        os.chmod(self.path, 0o755)

    def fail(self):
        with open(self.flag, "w", encoding="ascii"):
            pass

    def work(self):
        os.unlink(self.flag)
