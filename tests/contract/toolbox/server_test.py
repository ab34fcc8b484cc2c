"""Every endpoint of the toolbox, called through the gateway in a real sandbox:
each succeeds once and fails once as the table says; computer use alone
answers 501, by name.

usage: server_test.py --build BUILD
"""

import argparse
import contextlib
import json
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", ".."))

import file_calls  # noqa: E402  (needs the path)
import git_calls  # noqa: E402
import interpreter_calls  # noqa: E402
import lsp_calls  # noqa: E402
import process_calls  # noqa: E402
import system_calls  # noqa: E402
from box import Box  # noqa: E402
from harness.client import Client  # noqa: E402
from harness.own_server import own_server  # noqa: E402
from table import Table  # noqa: E402

ENTRYPOINT = ["sh", "-c", "echo at the door; sleep 3600"]


def give_entrypoint(server):
    """The default image under another configuration: with an entry point."""
    images = os.path.join(server.data, "images")
    shared = os.path.realpath(images)
    os.remove(images)
    with open(os.path.join(shared, "default"), encoding="ascii") as file:
        name = file.read().strip()
    os.makedirs(os.path.join(images, name))
    with open(os.path.join(images, "default"), "w", encoding="ascii") as file:
        file.write(name + "\n")
    with open(os.path.join(shared, name, "config.json"),
              encoding="utf-8") as file:
        config = json.load(file)
    config["entrypoint"] = ENTRYPOINT
    with open(os.path.join(images, name, "config.json"), "w",
              encoding="utf-8") as file:
        json.dump(config, file)
    os.symlink(os.path.join(shared, name, "rootfs"),
               os.path.join(images, name, "rootfs"))


@contextlib.contextmanager
def sandbox(server):
    client = Client(server.port, server.key)
    made = client.create()
    if made.status != 200:
        raise RuntimeError(f"create: {made}")
    try:
        yield Box(Table(), server.port, server.key, made.json["id"])
    finally:
        client.delete(made.json["id"])
        client.close()


def call_all(box):
    """What went wrong, one text each."""
    faults = []
    areas = [file_calls, git_calls, interpreter_calls, lsp_calls,
             process_calls, system_calls]
    for area in areas:
        try:
            area.call(box)
        except Exception:
            faults.append(f"{area.__name__}: {traceback.format_exc()}")
    for route in box.table.routes:
        if not box.table.is_built(route):
            box.is_not_built(route)
    return faults


def not_called(box):
    for route in box.table.routes:
        if box.table.is_built(route) and route not in box.succeeded:
            yield f"{route} did not succeed"
        if route not in box.failed:
            yield f"{route} was not made to fail"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    with own_server(parser.parse_args().build, give_entrypoint) as server:
        with sandbox(server) as box:
            faults = call_all(box)
            faults += [] if faults else not_called(box)
        if faults:
            print("server log:\n" + server.log_tail())
    for fault in faults:
        print("FAILED " + fault)
    print(f"{len(box.succeeded)} of {len(box.table.routes)} routes succeeded, "
          f"{len(box.failed)} failed as they should")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
