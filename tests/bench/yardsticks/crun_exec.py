"""`crun exec` of /bin/true in a container that runs already, made like that of
`crun run`."""

import contextlib
import json
import os
import subprocess
import time

from yardsticks.crun_run import CrunRun


class CrunExec(CrunRun):
    """A context manager; the container lives as long as it."""

    name = "crun exec"

    def __enter__(self):
        super().__enter__()
        self.container = f"varve-bench-{os.getpid()}-exec"
        with contextlib.ExitStack() as stack:
            stack.callback(super().__exit__)
            bundle = stack.enter_context(self._bundle())
            self._let_sleep(bundle)
            stack.callback(self._crun, "delete", "--force", self.container)
            self._crun("run", "--detach", "--bundle", bundle, self.container)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    @staticmethod
    def _let_sleep(bundle):
        path = f"{bundle}/config.json"
        with open(path, encoding="ascii") as file:
            configuration = json.load(file)
        configuration["process"]["args"] = ["/bin/sleep", "infinity"]
        with open(path, "w", encoding="ascii") as file:
            json.dump(configuration, file)

    @staticmethod
    def _crun(*arguments):
        done = subprocess.run(["crun", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"crun {arguments[0]}: {done.returncode}")

    def once(self):
        """Milliseconds."""
        begun = time.perf_counter()
        self._crun("exec", self.container, "/bin/true")
        return (time.perf_counter() - begun) * 1000
