"""The file system of a sandbox."""

import datetime
import hashlib
import os

from daytona import (DaytonaConflictError, DaytonaError, DaytonaNotFoundError,
                     FileDownloadRequest, FileUpload)

from stage import fails, holds, of, same

MEBIBYTE = 1024 * 1024


def sha256(data):
    return hashlib.sha256(data).hexdigest()


async def knows_its_folders(sandbox, _):
    told = await of(sandbox.process.exec('pwd; echo "$HOME"'))
    same([await of(sandbox.get_work_dir()),
          await of(sandbox.get_user_home_dir())], told.result.split())


async def moves_text(sandbox, _):
    text = "täxt\nwith two lines\n".encode()
    await of(sandbox.fs.upload_file(text, "notes/a.txt"))
    same(await of(sandbox.fs.download_file("notes/a.txt")), text)
    listed = await of(sandbox.fs.list_files("notes"))
    same([(file.name, file.size) for file in listed], [("a.txt", len(text))])


async def moves_binary(sandbox, stage):
    data = os.urandom(64 * MEBIBYTE)
    there = "/tmp/big.bin"
    sent = os.path.join(stage.scratch, "sent.bin")
    received = os.path.join(stage.scratch, "received.bin")
    with open(sent, "wb") as stream:
        stream.write(data)
    await of(sandbox.fs.upload_file(sent, there))
    inside = await of(sandbox.process.exec(f"sha256sum {there}"))
    same(inside.result.split()[0], sha256(data))
    await of(sandbox.fs.download_file(there, received))
    with open(received, "rb") as stream:
        same(sha256(stream.read()), sha256(data))


async def moves_several(sandbox, _):
    names = [f"/tmp/several/{name}.txt" for name in ("one", "two", "three")]
    await of(sandbox.fs.upload_files(
        [FileUpload(source=name.encode(), destination=name)
         for name in names]))
    missing = "/tmp/several/missing.txt"
    answers = {answer.source: answer for answer in await of(
        sandbox.fs.download_files([FileDownloadRequest(source=name)
                                   for name in [*names, missing]]))}
    for name in names:
        same(answers[name].result, name.encode())
    holds(answers[missing].error and not answers[missing].result,
          "the missing file must carry an error")


async def streams(sandbox, stage):
    data = os.urandom(3 * MEBIBYTE)
    await of(sandbox.fs.upload_file_stream(data, "/tmp/stream.bin"))
    stream = await of(sandbox.fs.download_file_stream("/tmp/stream.bin"))
    if stage.is_async:
        chunks = [chunk async for chunk in stream]
    else:
        chunks = list(stream)
    same(sha256(b"".join(chunks)), sha256(data))


def age(file):
    changed = datetime.datetime.fromisoformat(
        file.modified_at.replace("Z", "+00:00")[:19] + "+00:00")
    now = datetime.datetime.now(datetime.timezone.utc)
    return abs((now - changed).total_seconds())


async def describes(sandbox, _):
    fs = sandbox.fs
    await of(fs.create_folder("made/inside", "0750"))
    folder = await of(fs.get_file_info("made/inside"))
    same((folder.is_dir, folder.permissions, folder.mode),
         (True, "0750", "drwxr-x---"))
    await of(fs.upload_file(b"hello", "made/file"))
    await of(sandbox.process.exec("ln -s file made/link"))
    for path in ("made/file", "made/link"):
        file = await of(fs.get_file_info(path))
        same((file.is_dir, file.size, file.mode), (False, 5, "-rw-r--r--"))
        holds(age(file) < 60, file.modified_at)
    same([file.name for file in await of(fs.list_files("made"))],
         ["file", "inside", "link"])


async def changes_permissions(sandbox, _):
    fs, shell = sandbox.fs, sandbox.process
    await of(fs.upload_file(b"mine", "/tmp/owned"))
    await of(fs.set_file_permissions("/tmp/owned", mode="0600"))
    details = await of(fs.get_file_info("/tmp/owned"))
    same((details.permissions, details.mode), ("0600", "-rw-------"))
    group = (await of(shell.exec("id -gn"))).result.strip()
    await of(fs.set_file_permissions("/tmp/owned", mode="0640", group=group))
    same((await of(shell.exec("stat -c %a:%G /tmp/owned"))).result.strip(),
         f"640:{group}")


async def finds_and_replaces(sandbox, _):
    fs = sandbox.fs
    await of(fs.upload_file(b"first\nthe needle\n", "hay/one.txt"))
    await of(fs.upload_file(b"needle again", "hay/deep/two.md"))
    found = await of(fs.find_files("hay", "needle"))
    same(sorted((match.file, match.line, match.content) for match in found),
         [("hay/deep/two.md", 1, "needle again"),
          ("hay/one.txt", 2, "the needle")])
    same((await of(fs.search_files("hay", "*.md"))).files, ["hay/deep/two.md"])
    files = ["hay/one.txt", "hay/deep/two.md", "hay/none"]
    replaced = await of(fs.replace_in_files(files, "needle", "pin"))
    same([(each.file, each.success) for each in replaced],
         [("hay/one.txt", True), ("hay/deep/two.md", True),
          ("hay/none", False)])
    same(await of(fs.download_file("hay/one.txt")), b"first\nthe pin\n")


async def moves_and_deletes(sandbox, _):
    fs = sandbox.fs
    await of(fs.upload_file(b"x", "from/x"))
    await of(fs.upload_file(b"y", "from/y"))
    await of(fs.move_files("from/x", "from/z"))
    same(await of(fs.download_file("from/z")), b"x")
    await fails(DaytonaNotFoundError, fs.get_file_info, "from/x")
    await fails(DaytonaConflictError, fs.move_files, "from/y", "from/z")
    await of(fs.delete_file("from/y"))
    await fails(DaytonaNotFoundError, fs.delete_file, "from/y")
    refused = await fails(DaytonaError, fs.delete_file, "from")
    same(refused.status_code, 400)
    await of(fs.delete_file("from", recursive=True))
    await fails(DaytonaNotFoundError, fs.list_files, "from")


async def misses_files(sandbox, _):
    await fails(DaytonaNotFoundError, sandbox.fs.download_file,
                "/tmp/never/was")
    await fails(DaytonaNotFoundError, sandbox.fs.get_file_info,
                "/tmp/never/was")


STEPS = [
    ("knows its folders", knows_its_folders),
    ("moves text", moves_text),
    ("moves 64 MiB", moves_binary),
    ("moves several", moves_several),
    ("streams", streams),
    ("describes", describes),
    ("changes permissions", changes_permissions),
    ("finds and replaces", finds_and_replaces),
    ("moves and deletes", moves_and_deletes),
    ("misses what is not there", misses_files),
]
