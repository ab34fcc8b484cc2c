#!/usr/bin/env python3
"""Every command in every state of a real sandbox, against the table that is
written by hand (tests/actors/sandbox_table.txt).

A state of passage is held by stopping the runner's operation in its tracks
(VARVE_HOLD_DIR, see runner/operations/crash_point.hpp). A cell that refuses
must answer with its status and leave no event; `ok` is 200 without one; a
word is 200 and that event, with the command's id.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time

import boxes
from boxes import Sandbox, Trials, expect, in_parallel

from harness import kernel_view
from harness.client import Client, Lost, new_command_id
from harness.own_server import own_server

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "../actors/sandbox_table.txt")
# What the runner and time bring, and not a client.
BY_ITSELF = ("answered_", "saw_", "deadline", "archive_due", "ttl_over",
             "stale")

COMMANDS = {
    "start": ("POST", "/start", None),
    "stop": ("POST", "/stop", None),
    "stop_now": ("POST", "/stop?force=true", None),
    "pause": ("POST", "/pause", None),
    "archive": ("POST", "/archive", None),
    "fork": ("POST", "/fork", {}),
    "recover": ("POST", "/recover", None),
    "destroy": ("DELETE", "", None),
    "resize": ("POST", "/resize", {"memory": 2}),
    "set_network": ("POST", "/network-settings", {"networkBlockAll": True}),
    "set_timers": ("POST", "/autodelete/5", None),
    "set_public": ("POST", "/public/true", None),
    "replace_labels": ("PUT", "/labels", {"labels": {"a": "b"}}),
    "rotate_signing_key": ("POST", "/signing-key/rotate", None),
}
# What is gone is not found by the API, whatever its actor would say.
GONE = ("absent", "destroyed")
# State: what is asked of a started one, one by one, and the operation that is
# held where the last of these is not to come to its end.
WAYS = {
    "started": ([], None),
    "stopping": (["stop"], "stop"),
    "stopped": (["stop"], None),
    "starting": (["stop", "start"], "start"),
    "pausing": (["pause"], "pause"),
    "paused": (["pause"], None),
    "resuming": (["pause", "start"], "resume"),
    "adjusting": (["set_cpu"], "adjust"),
    "archiving": (["stop", "archive"], "archive"),
    "archived": (["stop", "archive"], None),
    "restoring": (["stop", "archive", "start"], "restore"),
    "destroying": (["destroy"], "destroy"),
    "destroyed": (["destroy"], None),
}
SHOWN = {"probing": "started", "adjusting": "resizing", "destroyed": "gone"}
SLOW = ("probing",)  # takes a minute to come about
# Only of sandboxes of images: tests/snapshots has a registry for them.
OF_IMAGES = ("resolving", "pulling")


def read_table():
    """{state: {command: cell}}"""
    table, states = {}, []
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "trigger":
                states = words[1:]
                table = {state: {} for state in states}
            elif not words[0].startswith(BY_ITSELF):
                for state, cell in zip(states, words[1:], strict=True):
                    table[state][words[0]] = cell
    return table


def name_of(state, command):
    return f"cell-{state}-{command}".replace("_", "-")


class Box(Sandbox):
    """A sandbox for one cell."""

    def __init__(self, server, state, command):
        self.command, self.server = command, server
        super().__init__(server, name=name_of(state, command),
                         autoStopInterval=0)

    def ask(self, command, key):
        """On a connection of its own; the answer."""
        client = Client(self.server.port, self.server.key, timeout=60)
        method, path, body = COMMANDS[command]
        answer = client.request(method, f"/api/sandbox/{self.id}{path}", body,
                                key)
        client.close()
        return answer

    def answers_to(self, key):
        return [e["type"] for e in self.events() if e["correlationId"] == key
                and e["principal"].startswith("key:")]

    def begin(self, what):
        """Asks and does not wait."""
        size = {"cpu": self.shown()["cpu"] + 1} if what == "set_cpu" else None

        def ask():
            with contextlib.suppress(Lost):
                if size:
                    client = Client(self.server.port, self.server.key)
                    client.resize(self.id, size)
                    client.close()
                else:
                    self.ask(what, None)

        threading.Thread(target=ask, daemon=True).start()

    def do(self, what):
        answer = self.ask(what, new_command_id())
        expect(answer.status == 200, f"{what}: {answer}")
        end = {"stop": "stopped", "pause": "paused", "start": "started",
               "archive": "archived", "destroy": "gone"}[what]
        self.wait_for(end, 60)


class Named(Box):
    """One whose create is not answered yet."""

    def __init__(self, server, state, command):
        self.command, self.server = command, server
        self.name = name_of(state, command)
        self.client = Client(server.port, server.key)

        def create():
            with contextlib.suppress(Lost):
                Client(server.port, server.key).create(
                    name=self.name, autoStopInterval=0)

        threading.Thread(target=create, daemon=True).start()
        end = time.monotonic() + 20
        while (found := self.client.get(self.name)).status != 200:
            expect(time.monotonic() < end, f"{self.name} is not being made")
            time.sleep(0.05)
        self.id = found.json["id"]


class Column:
    """One state: a sandbox in it for every command."""

    def __init__(self, server, folder, state, cells):
        self.server, self.folder = server, folder
        self.state, self.cells = state, cells
        self.problems, self.made = [], []

    @contextlib.contextmanager
    def holding(self, operation):
        path = os.path.join(self.folder, f"{operation}.begun")
        if operation is not None:
            with open(path, "w", encoding="ascii"):
                pass
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def boxes(self):
        return in_parallel(
            lambda command: Box(self.server, self.state, command),
            list(self.cells))

    def run(self):
        state = self.state
        if state == "absent":
            self.absent()
        elif state == "creating":
            with self.holding("create"):
                self.judge([Named(self.server, state, c) for c in self.cells])
        elif state == "error":
            made = self.boxes()
            for process in kernel_view.first_processes(
                    [b.id for b in made]).values():
                os.kill(process.pid, signal.SIGKILL)
            self.judge(made)
        elif state == "probing":
            self.probing()
        else:
            way, held = WAYS[state]
            made = self.boxes()
            for step in way[:-1] if held else way:
                in_parallel(lambda box, s=step: box.do(s), made)
            with self.holding(held):
                if held:
                    for box in made:
                        box.begin(way[-1])
                self.judge(made)
        in_parallel(lambda box: box.client.delete(box.id), self.made)
        expect(not self.problems, "\n    ".join(["", *self.problems]))

    def absent(self):
        for command, cell in self.cells.items():
            method, path, body = COMMANDS[command]
            client = Client(self.server.port, self.server.key)
            answer = client.request(method, f"/api/sandbox/no-such-one{path}",
                                    body)
            client.close()
            if str(answer.status) != cell:
                self.problems.append(f"{command}: {answer}, not {cell}")

    def probing(self):
        with self.holding("stop"):
            made = self.boxes()
            for box in made:
                box.post("autostop/1")
            in_parallel(lambda box: box.wait_for_event("IdleAsked"), made)
            self.judge(made)

    def judge(self, made):
        """Sends the commands at once; all are answered while it is held."""
        self.made = made
        wanted = SHOWN.get(self.state, self.state)
        for box in made:
            box.wait_for(wanted, 20)
        in_parallel(self.try_cell, made, len(made))

    def try_cell(self, box):
        cell = self.cells[box.command]
        if self.state in GONE:
            cell = "404"
        key = new_command_id()
        answer = box.ask(box.command, key)
        events = box.answers_to(key)
        is_event = not cell.isdigit() and cell != "ok"
        status = int(cell) if cell.isdigit() else 200
        if answer.status != status:
            self.problems.append(f"{box.command}: {answer}, not {cell}")
        elif events != (["Sandbox" + cell] if is_event else []):
            self.problems.append(f"{box.command}: {cell}, but {events}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("VARVE_BUILD"),
                        required="VARVE_BUILD" not in os.environ)
    parser.add_argument("--only", help="one state, or several with commas")
    options = parser.parse_args()
    trials = Trials()
    table = read_table()

    with own_server(options.build, hold) as server:
        for state, cells in table.items():
            if (state in OF_IMAGES or options.only
                    and state not in options.only.split(",")):
                continue
            if state in OF_IMAGES:
                print(f"-- {state}: needs a registry, not tried here")
                continue
            if state in SLOW and not boxes.IS_FULL and not options.only:
                continue
            column = Column(server, server.hold_folder, state, cells)
            trials.run(f"{state}: {len(cells)} commands", column.run)
        return trials.end(server)


def hold(server):
    """Operations of this server can be held from its first start on."""
    server.hold_folder = os.path.join(server.home, "hold")
    os.mkdir(server.hold_folder)
    os.environ["VARVE_HOLD_DIR"] = server.hold_folder


if __name__ == "__main__":
    sys.exit(main())
