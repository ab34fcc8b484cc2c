"""The server that an SDK speaks to: one of our own for as long as a `with`
lasts, or the one that the environment names."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness import kernel_view  # noqa: E402  (needs the path above)
from harness.server import Binaries, Server  # noqa: E402


class OwnServer:
    """Private data and port; afterwards the host is shown to be clean."""

    def __init__(self, build):
        self.server = Server(Binaries(os.path.abspath(build)))

    def __enter__(self):
        # A test that is asked to end must still clean up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        marks = self.server.marks
        self.server.stop()
        code, output, errors = self.server.purge()
        left = kernel_view.traces(marks)
        self.server.remove_home()
        if code != 0 or left:
            raise SystemExit(f"purge: {code} {output}{errors}\n"
                             f"left on the host: {left}")

    def client_environment(self):
        """Nothing of DAYTONA_* from outside, and no proxy."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("DAYTONA_")
                and not name.lower().endswith("_proxy")}
        return {**kept, "DAYTONA_API_KEY": self.server.key,
                "DAYTONA_API_URL": f"http://127.0.0.1:{self.server.port}/api",
                "DAYTONA_TARGET": "local"}

    def log_tail(self):
        return self.server.log_tail()


class ServerFromEnvironment:
    def __enter__(self):
        for name in ("DAYTONA_API_URL", "DAYTONA_API_KEY"):
            if name not in os.environ:
                raise SystemExit(f"{name} is not set")
        return self

    def __exit__(self, *_):
        pass

    def client_environment(self):
        return dict(os.environ)

    def log_tail(self):
        return "(the server is not ours)"


def server_for(arguments):
    """Of a parsed command line with --build and --server-from-env."""
    if arguments.server_from_env:
        return ServerFromEnvironment()
    return OwnServer(arguments.build)
