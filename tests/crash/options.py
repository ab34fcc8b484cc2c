"""Command line and clean-up that all crash tests share."""

import argparse
import contextlib
import os
import random
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

import checks  # noqa: E402  (needs the path above)
from harness.server import Binaries  # noqa: E402


class Options:
    def __init__(self, arguments):
        self.build = arguments.build
        self.binaries = Binaries(arguments.build)
        self.seed = arguments.seed
        self.only = arguments.only
        self.length = os.environ.get("VARVE_TEST_LENGTH", "ci")
        if self.length not in ("ci", "full"):
            raise SystemExit("VARVE_TEST_LENGTH is ci or full")

    def by_length(self, ci, full):
        return full if self.length == "full" else ci

    def run(self, title, test):
        print(f"seed {self.seed}", flush=True)
        report = checks.Report(title)
        test(self, report)
        return report.close()


def parse(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ,
                        help="build tree, as build/dev")
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(10 ** 9))
    parser.add_argument("--only", help="one part of the test, by name")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return Options(parser.parse_args())


@contextlib.contextmanager
def guarded(server, report, keep_home=False):
    """Whatever happens inside, nothing of the server is left behind."""
    try:
        yield server
    except Exception as problem:  # a test that broke off is a failed test
        report.problems.append(f"broke off: {type(problem).__name__}: "
                               f"{problem}")
    finally:
        if report.problems and os.path.exists(server.log):
            print(server.log_tail(3000))
        checks.purged(server, report)
        if not keep_home:
            server.remove_home()
