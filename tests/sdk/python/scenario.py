"""What every version of the Python SDK must be able to do."""

import hashlib
import os
import re
import sys
import tempfile
import time
import traceback
import uuid

from daytona import (CodeRunParams, CreateSandboxFromSnapshotParams, Daytona,
                     DaytonaError, DaytonaNotFoundError, FileDownloadRequest,
                     FileUpload, ListSandboxesQuery)

MEBIBYTE = 1024 * 1024
MARK = str(uuid.uuid4())

daytona = Daytona()
ours = []


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


def holds(claim, text):
    if not claim:
        raise AssertionError(text)


def fails(error, call, *arguments, saying="", **named):
    try:
        call(*arguments, **named)
    except error as caught:
        holds(re.search(saying, str(caught), re.IGNORECASE), str(caught))
        return
    raise AssertionError(f"no {error.__name__}")


def create(labels=None, **params):
    sandbox = daytona.create(CreateSandboxFromSnapshotParams(
        labels={"mark": MARK, **(labels or {})}, **params))
    ours.append(sandbox)
    same(state(sandbox), "started")
    return sandbox


def state(sandbox):
    return getattr(sandbox.state, "value", sandbox.state)


def run_code(sandbox):
    total = sandbox.process.code_run(
        "import sys\nprint(sum(map(int, sys.argv[1:])))",
        CodeRunParams(argv=["40", "2"]))
    same((total.exit_code, total.result.strip()), (0, "42"))
    raised = sandbox.process.code_run('raise ValueError("no")')
    holds(raised.exit_code != 0, "a raised error must not exit with 0")
    holds("ValueError: no" in raised.result, raised.result)


def run_other_languages():
    javascript = create(language="javascript")
    typescript = create(language="typescript")
    answer = javascript.process.code_run(
        "console.log([1, 2, 3].map((x) => x * x).join())")
    same((answer.exit_code, answer.result.strip()), (0, "1,4,9"))
    answer = typescript.process.code_run(
        "const double = (x: number): number => 2 * x\n"
        "console.log(double(21))")
    same((answer.exit_code, answer.result.strip()), (0, "42"))


def execute_commands(sandbox):
    shell = sandbox.process
    where = shell.exec("pwd", cwd="/tmp")
    same((where.exit_code, where.result.strip()), (0, "/tmp"))
    greeting = shell.exec('echo "$GREETING"', env={"GREETING": "good  morning"})
    same(greeting.result.strip(), "good  morning")
    failed = shell.exec("echo gone >&2; exit 7")
    same((failed.exit_code, failed.result.strip()), (7, "gone"))
    began = time.monotonic()
    fails(DaytonaError, shell.exec, "sleep 60", timeout=1, saying="time.?out")
    holds(time.monotonic() - began < 10, "the time-out came too late")
    same(shell.exec('echo "$FLAVOUR"').result.strip(), "mint")


def move_text(sandbox):
    text = "täxt\nwith two lines\n".encode()
    sandbox.fs.upload_file(text, "notes/a.txt")
    same(sandbox.fs.download_file("notes/a.txt"), text)
    same([(file.name, file.size) for file in sandbox.fs.list_files("notes")],
         [("a.txt", len(text))])


def move_binary(sandbox, scratch):
    data = os.urandom(64 * MEBIBYTE)
    there = "/tmp/big.bin"
    sent = os.path.join(scratch, "sent.bin")
    received = os.path.join(scratch, "received.bin")
    with open(sent, "wb") as stream:
        stream.write(data)
    expected = hashlib.sha256(data).hexdigest()
    sandbox.fs.upload_file(sent, there)
    same(sandbox.process.exec(f"sha256sum {there}").result.split()[0], expected)
    sandbox.fs.download_file(there, received)
    with open(received, "rb") as stream:
        same(hashlib.sha256(stream.read()).hexdigest(), expected)


def move_several(sandbox):
    names = [f"/tmp/several/{name}.txt" for name in ("one", "two", "three")]
    sandbox.fs.upload_files(
        [FileUpload(source=name.encode(), destination=name) for name in names])
    missing = "/tmp/several/missing.txt"
    answers = {answer.source: answer for answer in sandbox.fs.download_files(
        [FileDownloadRequest(source=name) for name in [*names, missing]])}
    for name in names:
        same(answers[name].result, name.encode())
    holds(answers[missing].error and not answers[missing].result,
          "the missing file must carry an error")


def miss_files(sandbox):
    fails(DaytonaNotFoundError, sandbox.fs.download_file, "/tmp/never/was")
    fails(DaytonaNotFoundError, sandbox.fs.get_file_info, "/tmp/never/was")


def is_listed(sandbox):
    def ids(**labels):
        query = ListSandboxesQuery(labels=labels)
        return [item.id for item in daytona.list(query)]

    same(ids(mark=MARK, role="first"), [sandbox.id])
    same(sorted(ids(mark=MARK)), sorted(item.id for item in ours))
    same(ids(mark=str(uuid.uuid4())), [])
    same(daytona.get(sandbox.name).id, sandbox.id)


def stop_and_start(sandbox):
    sandbox.stop()
    same(state(sandbox), "stopped")
    same(state(daytona.get(sandbox.id)), "stopped")
    sandbox.start()
    same(state(sandbox), "started")
    holds(b"two lines" in sandbox.fs.download_file("notes/a.txt"),
          "the file must still be there")
    same(sandbox.process.exec("echo back").result.strip(), "back")


def delete(sandbox):
    sandbox.delete()
    ours.remove(sandbox)
    fails(DaytonaNotFoundError, daytona.get, sandbox.id)


def step(name, body, *arguments, **named):
    began = time.monotonic()
    value = body(*arguments, **named)
    print(f"ok {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
    return value


def scenario(scratch):
    sandbox = step("create", create, labels={"role": "first"},
                   env_vars={"FLAVOUR": "mint"})
    step("code_run python", run_code, sandbox)
    step("code_run javascript and typescript", run_other_languages)
    step("exec", execute_commands, sandbox)
    step("upload and download text", move_text, sandbox)
    step("upload and download 64 MiB", move_binary, sandbox, scratch)
    step("upload and download several", move_several, sandbox)
    step("missing file", miss_files, sandbox)
    step("list", is_listed, sandbox)
    step("stop and start", stop_and_start, sandbox)
    step("delete", delete, sandbox)


def clean_up():
    for sandbox in ours:
        try:
            sandbox.delete()
        except DaytonaError as error:
            print(f"left behind: {sandbox.id}: {error}", file=sys.stderr)


def main():
    with tempfile.TemporaryDirectory(prefix="varve-sdk-") as scratch:
        try:
            scenario(scratch)
            print("every step passed")
            return 0
        except (AssertionError, DaytonaError):
            traceback.print_exc()
            return 1
        finally:
            clean_up()


if __name__ == "__main__":
    sys.exit(main())
