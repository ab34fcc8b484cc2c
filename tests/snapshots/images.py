"""A snapshot of an image and sandboxes of it, through the Python SDK."""

import hashlib
import os
import urllib.parse
import uuid

from daytona import (CreateSandboxFromImageParams,
                     CreateSandboxFromSnapshotParams, CreateSnapshotParams,
                     Daytona, DaytonaError, Image, Resources)

IMAGE = "python:3.12.10-slim-bookworm"
PYTHON_IMAGE = "python:with-pip"
# A web server with an index of packages.
OUTSIDE = os.environ["VARVE_TEST_OUTSIDE"]


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
        said = []
        broken = Image.base(IMAGE).run_commands("echo nearly there", "false")
        fails(lambda: self.daytona.snapshot.create(CreateSnapshotParams(
            name=name, image=broken), on_logs=said.append), "RUN false")
        holds("nearly there" in "\n".join(said), str(said))
        failed = self.daytona.snapshot.get(name)
        holds(value(failed.state) == "build_failed", str(failed))
        self.daytona.snapshot.delete(failed)

    def built_image(self):
        """Files, a folder of more than one part of an upload, and a package
        from an index that only what reaches the internet reaches."""
        with open("small.txt", "w", encoding="ascii") as file:
            file.write("a small file")
        os.makedirs("large/deep")
        self.random = os.urandom(7 << 20)
        with open("large/deep/random", "wb") as file:
            file.write(self.random)
        host = urllib.parse.urlsplit(OUTSIDE).hostname
        return (Image.base(PYTHON_IMAGE)
                .pip_install("varve-probe", index_url=OUTSIDE + "/simple",
                             extra_options=f"--trusted-host {host}")
                .add_local_file("small.txt", "/srv/small.txt")
                .add_local_dir("large", "/srv/large")
                .env({"GREETING": "from the builder"}).workdir("/srv"))

    def build_snapshots(self):
        name = f"team/sdk-built-{uuid.uuid4()}:1.0"
        said = []
        snapshots = self.daytona.snapshot
        made = snapshots.create(CreateSnapshotParams(
            name=name, image=self.built_image(),
            resources=Resources(cpu=1, memory=1, disk=2)),
            on_logs=said.append)
        holds(value(made.state) == "active", str(made))
        holds("varve-probe" in "\n".join(said), str(said))
        sandbox = self.daytona.create(
            CreateSandboxFromSnapshotParams(snapshot=name))
        self.ours.append(sandbox)

        def run(command):
            return sandbox.process.exec(command).result.strip()

        word = run('python -c "import varve_probe; print(varve_probe.word)"')
        holds(word == "probed", word)
        read = run("cat small.txt; echo; echo $GREETING")
        holds(read == "a small file\nfrom the builder", read)
        read = run("sha256sum /srv/large/deep/random")
        holds(read.startswith(hashlib.sha256(self.random).hexdigest()), read)
        snapshots.delete(made)

    def build_sandboxes(self):
        said = []
        image = Image.base(IMAGE).run_commands("echo building a sandbox",
                                               "echo direct >/direct")
        sandbox = self.create(CreateSandboxFromImageParams(image=image),
                              on_snapshot_create_logs=said.append)
        read = sandbox.process.exec("cat /direct").result.strip()
        holds(read == "direct", read)
        holds("building a sandbox" in "\n".join(said), str(said))

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
        story.build_snapshots()
        story.build_sandboxes()
    finally:
        story.end()
