"""What the machine itself does, without a sandbox: cp, a pseudo terminal, an
interpreter."""

import os
import pty
import shutil
import subprocess
import time

MIB = 1 << 20


class Copy:
    """`cp` of a file as large, its source in the page cache. A context
    manager."""

    name = "cp"

    def __init__(self, folder, size):
        self.folder, self.size = os.path.join(folder, "cp"), size

    def __enter__(self):
        os.makedirs(self.folder)
        block = os.urandom(MIB)
        with open(f"{self.folder}/from", "wb") as file:
            for _ in range(self.size // MIB):
                file.write(block)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        subprocess.run(["cp", f"{self.folder}/from", f"{self.folder}/to"],
                       check=True, timeout=600)
        took = (time.perf_counter() - begun) * 1000
        os.unlink(f"{self.folder}/to")
        return took


class LocalTerminal:
    """A key's echo by a terminal of this machine. A context manager."""

    name = "local pty"

    def __enter__(self):
        self.master, self.slave = pty.openpty()
        return self

    def __exit__(self, *_):
        os.close(self.master)
        os.close(self.slave)

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        os.write(self.master, b"x")
        os.read(self.master, 16)
        took = (time.perf_counter() - begun) * 1000
        return took


class NewInterpreter:
    """`python3 -c 1+1`, to its end."""

    name = "python3 -c"

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        subprocess.run(["python3", "-c", "1+1"], check=True, timeout=60)
        return (time.perf_counter() - begun) * 1000
