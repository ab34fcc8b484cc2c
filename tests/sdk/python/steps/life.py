"""The life of a sandbox; the last step deletes the one it is given."""

import uuid

from daytona import DaytonaNotFoundError, ListSandboxesQuery

from stage import fails, of, same, value


async def ids(stage, **labels):
    listing = stage.daytona.list(ListSandboxesQuery(labels=labels))
    if stage.is_async:
        return [item.id async for item in listing]
    return [item.id for item in listing]


async def is_listed(sandbox, stage):
    same(await ids(stage, mark=stage.mark, role="first"), [sandbox.id])
    same(sorted(await ids(stage, mark=stage.mark)),
         sorted(item.id for item in stage.ours))
    same(await ids(stage, mark=str(uuid.uuid4())), [])
    same((await of(stage.daytona.get(sandbox.name))).id, sandbox.id)


async def stops_and_starts(sandbox, stage):
    await of(sandbox.fs.upload_file(b"still here", "kept.txt"))
    await of(sandbox.stop())
    same(value(sandbox.state), "stopped")
    same(value((await of(stage.daytona.get(sandbox.id))).state), "stopped")
    await of(sandbox.start())
    same(value(sandbox.state), "started")
    same(await of(sandbox.fs.download_file("kept.txt")), b"still here")
    same((await of(sandbox.process.exec("echo back"))).result.strip(), "back")


async def is_deleted(sandbox, stage):
    await of(sandbox.delete())
    stage.ours.remove(sandbox)
    await fails(DaytonaNotFoundError, stage.daytona.get, sandbox.id)


STEPS = [
    ("is listed", is_listed),
    ("stops and starts", stops_and_starts),
    ("is deleted", is_deleted),
]
