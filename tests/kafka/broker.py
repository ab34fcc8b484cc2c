"""The broker that with_broker.py runs beside this test."""

import contextlib
import os
import signal
import time
import uuid

BROKERS = os.environ.get("VARVE_KAFKA_BROKERS", "")
UP_AGAIN = 90  # seconds


def fresh_topic():
    """The --log of a topic that nobody has."""
    return f"kafka://{BROKERS}/varve.test.{uuid.uuid4()}"


def _pid():
    with open(os.environ["VARVE_KAFKA_PID"], encoding="ascii") as file:
        return int(file.read())


@contextlib.contextmanager
def killed():
    """Gone at once; started again when the `with` ends."""
    hold = os.environ["VARVE_KAFKA_HOLD"]
    with open(hold, "w", encoding="ascii"):
        pass
    before = _pid()
    os.kill(before, signal.SIGKILL)
    try:
        yield
    finally:
        os.unlink(hold)
        end = time.monotonic() + UP_AGAIN
        while _pid() == before and time.monotonic() < end:
            time.sleep(0.1)


@contextlib.contextmanager
def stopped():
    """It answers nothing, and no connection is closed."""
    pid = _pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
