"""The server that an SDK speaks to: one of our own for as long as a `with`
lasts, or the one that the environment names."""

import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness.own_server import own_server  # noqa: E402  (needs the path)


class ApiServer:
    """What a client needs to be told, and what to show when it fails."""

    def __init__(self, environment, log_tail):
        self.environment = environment
        self.log_tail = log_tail


def environment_for(server):
    """Nothing of DAYTONA_* from outside, and no proxy."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("DAYTONA_")
            and not name.lower().endswith("_proxy")}
    return {**kept, "DAYTONA_API_KEY": server.key,
            "DAYTONA_API_URL": f"http://127.0.0.1:{server.port}/api",
            "DAYTONA_TARGET": "local"}


@contextlib.contextmanager
def server_for(arguments):
    """Of a parsed command line with --build and --server-from-env."""
    if not arguments.server_from_env:
        with own_server(arguments.build) as server:
            yield ApiServer(environment_for(server), server.log_tail)
        return
    for name in ("DAYTONA_API_URL", "DAYTONA_API_KEY"):
        if name not in os.environ:
            raise SystemExit(f"{name} is not set")
    yield ApiServer(dict(os.environ), lambda: "(the server is not ours)")
