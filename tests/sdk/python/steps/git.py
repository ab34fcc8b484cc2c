"""Git, against a server that asks for a password."""

import pathlib
import re

from daytona import DaytonaConflictError, DaytonaError, DaytonaNotFoundError

from stage import fails, holds, of, same

TESTS = pathlib.Path(__file__).parents[3]
GUEST = [TESTS / "sdk/guest/serve_git.sh", TESTS / "harness/git_server.py"]
URL = "http://127.0.0.1:8418/project.git"
LOGIN = {"username": "ada", "password": "s3cret"}
WRONG = {"username": "ada", "password": "wrong"}
AUTHOR = {"author": "Ada", "email": "ada@example.test"}


async def shell(sandbox, command):
    answer = await of(sandbox.process.exec(command))
    same((answer.exit_code, answer.result if answer.exit_code else ""), (0, ""))
    return answer.result.strip()


async def status_of(call, *arguments, **named):
    return (await fails(DaytonaError, call, *arguments, **named)).status_code


async def is_served(sandbox, stage):
    for path in GUEST:
        await of(sandbox.fs.upload_file(path.read_bytes(),
                                        f"/tmp/{path.name}"))
    stage.first_commit = await shell(
        sandbox, "sh /tmp/serve_git.sh /tmp/served "
        f"{LOGIN['username']} {LOGIN['password']}")


async def clones(sandbox, stage):
    git, fs = sandbox.git, sandbox.fs
    same(await status_of(git.clone, URL, "denied", **WRONG), 401)
    await of(git.clone(URL, "project", **LOGIN))
    same(await of(fs.download_file("project/file.txt")), b"two\n")
    status = await of(git.status("project"))
    same((status.current_branch, status.file_status), ("main", []))
    same((status.ahead, status.behind, status.branch_published),
         (0, 0, True))
    await of(git.clone(URL, "aside", branch="side", **LOGIN))
    same(await of(fs.download_file("aside/file.txt")), b"aside\n")
    await of(git.clone(URL, "past", commit_id=stage.first_commit, **LOGIN))
    same(await of(fs.download_file("past/file.txt")), b"one\n")


async def states(git):
    status = await of(git.status("project"))
    return [(file.name, file.staging, file.worktree)
            for file in status.file_status]


async def commits(sandbox, _):
    git, fs = sandbox.git, sandbox.fs
    await of(fs.upload_file(b"new", "project/new.txt"))
    same(await states(git), [("new.txt", "Untracked", "Untracked")])
    await of(git.add("project", ["new.txt"]))
    same(await states(git), [("new.txt", "Added", "Unmodified")])
    made = await of(git.commit("project", "Add a file", **AUTHOR))
    holds(re.fullmatch("[0-9a-f]{40}", made.sha), made.sha)
    same(await states(git), [])
    same((await of(git.status("project"))).ahead, 1)
    await of(fs.upload_file(b"changed", "project/new.txt"))
    same(await states(git), [("new.txt", "Unmodified", "Modified")])
    await of(git.add("project", ["."]))
    await of(git.commit("project", "Change it", **AUTHOR))


async def branches(sandbox, _):
    git = sandbox.git

    async def names():
        return sorted((await of(git.branches("project"))).branches)

    await of(git.create_branch("project", "topic"))
    same(await names(), ["main", "topic"])
    same((await of(git.status("project"))).current_branch, "topic")
    await of(git.checkout_branch("project", "main"))
    await of(git.delete_branch("project", "topic"))
    same(await names(), ["main"])
    await fails(DaytonaNotFoundError, git.checkout_branch, "project",
                "nowhere")
    await fails(DaytonaNotFoundError, git.status, "/tmp")


async def pushes_and_pulls(sandbox, _):
    git, fs = sandbox.git, sandbox.fs
    same(await status_of(git.push, "project", **WRONG), 401)
    await of(git.push("project", **LOGIN))
    heads = await shell(sandbox, "git -C /tmp/served/project.git rev-parse "
                        "main; git -C project rev-parse HEAD")
    same(len(set(heads.split())), 1)
    same((await of(git.status("project"))).ahead, 0)
    await of(git.clone(URL, "other", **LOGIN))
    await of(fs.upload_file(b"theirs", "other/theirs.txt"))
    await of(git.add("other", ["theirs.txt"]))
    await of(git.commit("other", "Theirs", **AUTHOR))
    await of(git.push("other", **LOGIN))
    await of(git.pull("project", **LOGIN))
    same(await of(fs.download_file("project/theirs.txt")), b"theirs")
    await of(git.commit("project", "Nothing", allow_empty=True, **AUTHOR))
    await of(git.push("project", **LOGIN))
    await of(git.commit("other", "Late", allow_empty=True, **AUTHOR))
    await fails(DaytonaConflictError, git.push, "other", **LOGIN)


STEPS = [
    ("is served", is_served),
    ("clones", clones),
    ("commits", commits),
    ("branches", branches),
    ("pushes and pulls", pushes_and_pulls),
]
