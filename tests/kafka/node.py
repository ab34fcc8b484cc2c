"""A node whose log may be a topic, and what its log holds."""

import json
import signal

from harness import kernel_view
from harness.server import Binaries, Server


class Node(Server):
    """A server that purges itself at the end of a test."""

    def __init__(self, build, log=None):
        self.topic = log
        super().__init__(Binaries(build), ["--log", log] if log else [])

    def records(self):
        """The log as this data directory has it, one parsed line each."""
        code, out, err = self.command("log", "dump")
        if code != 0:
            raise AssertionError(err)
        return out.splitlines()

    def parsed_records(self):
        return [json.loads(line) for line in self.records()]

    def leave(self):
        marks = self.marks
        self.kill(signal.SIGTERM)
        code, out, err = self.purge()
        left = kernel_view.traces(marks)
        self.remove_home()
        if code != 0 or left:
            raise AssertionError(f"purge: {code} {out}{err}; left: {left}")


def follows(before, after):
    """Every partition's records, and maybe more behind them."""
    def chains(lines):
        out = {}
        for line in lines:
            record = json.loads(line)
            out.setdefault(record["partition"], []).append(line)
        return out
    old, new = chains(before), chains(after)
    return all(new.get(p, [])[:len(lines)] == lines
               for p, lines in old.items())
