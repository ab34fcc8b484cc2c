"""A snapshot of an image and sandboxes of it, through the Python SDK."""

import uuid

from daytona import (CreateSandboxFromImageParams,
                     CreateSandboxFromSnapshotParams, CreateSnapshotParams,
                     Daytona, DaytonaError, Image, Resources)

IMAGE = "python:3.12.10-slim-bookworm"


def value(member):
    """Of an enumeration, or of the bare string that some versions give."""
    return getattr(member, "value", member)


def holds(claim, text):
    if not claim:
        raise AssertionError(text)


def fails(call, saying):
    try:
        call()
    except DaytonaError as caught:
        holds(saying in str(caught), str(caught))
        return
    raise AssertionError("no error")


class Story:
    def __init__(self):
        self.daytona = Daytona()
        self.ours = []

    def create(self, params, **more):
        sandbox = self.daytona.create(params, **more)
        self.ours.append(sandbox)
        holds(value(sandbox.state) == "started", str(sandbox.state))
        read = sandbox.process.exec("cat /marker")
        holds(read.result.strip() == "from the image", str(read))
        return sandbox

    def make_snapshots(self):
        name = f"team/sdk-{uuid.uuid4()}:1.0"
        said = []
        snapshots = self.daytona.snapshot
        made = snapshots.create(CreateSnapshotParams(
            name=name, image=IMAGE,
            resources=Resources(cpu=1, memory=1, disk=2)),
            on_logs=said.append)
        holds(value(made.state) == "active", str(made))
        holds(any(name in line for line in said), str(said))
        holds(snapshots.get(name).id == made.id, "another by its name")
        holds(made.id in [item.id for item in snapshots.list().items],
              "not listed")
        self.create(CreateSandboxFromSnapshotParams(snapshot=name))
        snapshots.delete(made)
        fails(lambda: snapshots.get(name), "not found")

    def say_what_failed(self):
        name = f"sdk-missing-{uuid.uuid4()}"
        fails(lambda: self.daytona.snapshot.create(CreateSnapshotParams(
            name=name, image="python:0.0-never")), "manifest unknown")
        self.daytona.snapshot.delete(self.daytona.snapshot.get(name))
        fails(lambda: self.daytona.create(CreateSandboxFromImageParams(
            image=Image.base(IMAGE).run_commands("true"))), "does not build")

    def make_sandboxes(self):
        said = []
        sandbox = self.create(CreateSandboxFromImageParams(
            image=IMAGE, resources=Resources(cpu=1, memory=1, disk=2)),
            on_snapshot_create_logs=said.append)
        holds(IMAGE in "\n".join(said), str(said))
        holds(sandbox.memory == 1, str(sandbox.memory))
        self.create(CreateSandboxFromImageParams(image=Image.base(IMAGE)))

    def end(self):
        for sandbox in self.ours:
            sandbox.delete()


if __name__ == "__main__":
    story = Story()
    try:
        story.make_snapshots()
        story.say_what_failed()
        story.make_sandboxes()
    finally:
        story.end()
