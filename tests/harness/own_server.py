"""A started server for as long as a `with` lasts; afterwards the host is
shown to be clean."""

import contextlib
import os
import signal
import sys

from harness import kernel_view
from harness.server import Binaries, Server


@contextlib.contextmanager
def own_server(build, prepare=None):
    """`prepare` is given the server before its first start."""
    # A test that is asked to end must still clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server = Server(Binaries(os.path.abspath(build)))
    try:
        if prepare is not None:
            prepare(server)
        server.start()
        yield server
    finally:
        _leave(server)


def _leave(server):
    marks = server.marks
    server.kill(signal.SIGTERM)
    code, output, errors = server.purge()
    left = kernel_view.traces(marks)
    server.remove_home()
    if code != 0 or left:
        raise RuntimeError(f"purge: {code} {output}{errors}\n"
                           f"left on the host: {left}")
