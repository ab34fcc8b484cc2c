"""One server and one sandbox for a file's tests; the probe beside each."""

import argparse
import os
import sys
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"),
                os.path.join(ROOT, "tests/toolbox")]

from harness.own_server import own_server  # noqa: E402
from harness.sandbox import Sandbox  # noqa: E402
from probe import LIMIT, Probe  # noqa: E402

MIB = 1 << 20
IS_FULL = os.environ.get("VARVE_TEST_LENGTH") == "full"
# What a sanitizer adds to every allocation is not the toolbox's.
MEMORY_FACTOR = 8 if os.environ.get("VARVE_TOOLBOX_SANITIZED") == "1" else 1


class Nasty(unittest.TestCase):
    """`self.box` is a sandbox of the test's own. At the end of every test the
    probe must have been answered in time throughout."""

    build = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(own_server(cls.build))

    def setUp(self):
        self.box = self.enterContext(Sandbox(self.server))
        self.probe = Probe(self.box)
        self.probe.start()
        self.addCleanup(self.judge)

    def judge(self):
        self.probe.stop()
        print(f"  {self.id().split('.')[-1]}: {self.probe}", flush=True)
        self.assertGreater(len(self.probe.took), 0)
        self.assertEqual(self.probe.refused, [])
        self.assertLess(self.probe.worst, LIMIT)

    def wait_until(self, holds, trouble, seconds=30):
        """Asks again until it holds; `trouble` says what was seen instead."""
        end = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), end, trouble())
            time.sleep(0.05)

    def assert_peak_below(self, most):
        """MiB that PID 1 may ever have held."""
        peak = self.box.toolbox_peak()
        print(f"  toolbox peak {peak:.1f} MiB, allowed {most}", flush=True)
        self.assertLess(peak, most * MEMORY_FACTOR)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"))
    options, rest = parser.parse_known_args()
    Nasty.build = options.build
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
