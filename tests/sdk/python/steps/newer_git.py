"""What git can do since 0.195. Follows git.py: its server runs."""

import daytona

from stage import fails, of, same

AUTHOR = {"author": "Ada", "email": "ada@example.test"}
ORIGIN = "http://127.0.0.1:8418/project.git"
LOCAL = {"scope": "local", "path": "fresh"}


async def starts_a_repository(sandbox, _):
    git, fs = sandbox.git, sandbox.fs
    await of(git.init("fresh", initial_branch="trunk"))
    await of(git.configure_user("Grace", "grace@example.test", **LOCAL))
    same(await of(git.get_config("user.name", **LOCAL)), "Grace")
    await of(git.set_config("core.editor", "true", **LOCAL))
    same(await of(git.get_config("core.editor", **LOCAL)), "true")
    same(await of(git.get_config("no.such", **LOCAL)), None)
    await of(fs.upload_file(b"1", "fresh/number"))
    await of(git.add("fresh", ["number"]))
    await of(git.commit("fresh", "One", **AUTHOR))
    same((await of(git.status("fresh"))).current_branch, "trunk")


async def undoes(sandbox, _):
    git, fs = sandbox.git, sandbox.fs
    await of(fs.upload_file(b"2", "fresh/number"))
    await of(git.restore("fresh", ["number"]))
    same(await of(fs.download_file("fresh/number")), b"1")
    await of(fs.upload_file(b"2", "fresh/number"))
    await of(git.add("fresh", ["number"]))
    await of(git.commit("fresh", "Two", **AUTHOR))
    await of(git.reset("fresh", mode="soft", target="HEAD~1"))
    status = await of(git.status("fresh"))
    same([(file.name, file.staging) for file in status.file_status],
         [("number", "Modified")])
    await of(git.reset("fresh", mode="hard"))
    same(await of(fs.download_file("fresh/number")), b"1")


async def knows_remotes(sandbox, _):
    git, fs = sandbox.git, sandbox.fs
    await of(git.remote_add("fresh", "origin", "http://127.0.0.1:1/wrong.git"))
    await of(git.remote_add("fresh", "origin", ORIGIN, overwrite=True))
    same(await of(git.remote_get("fresh", "origin")), ORIGIN)
    listed = (await of(git.remotes("fresh"))).remotes
    same([(remote.name, remote.url) for remote in listed],
         [("origin", ORIGIN)])
    await of(git.dangerously_authenticate(
        "ada", "s3cret", host="127.0.0.1:8418", protocol="http"))
    await of(git.clone(ORIGIN, "shallow", branch="side", depth=1))
    same(await of(fs.download_file("shallow/file.txt")), b"aside\n")
    await of(git.push("fresh", branch="trunk", remote="origin",
                      set_upstream=True))
    status = await of(git.status("fresh"))
    same((status.branch_published, status.ahead), (True, 0))


async def says_what_is_wrong(sandbox, _):
    git = sandbox.git
    await fails(daytona.DaytonaGitAuthFailedError, git.clone, ORIGIN,
                "denied", username="ada", password="wrong")
    await fails(daytona.DaytonaGitBranchNotFoundError, git.checkout_branch,
                "fresh", "nowhere")
    await fails(daytona.DaytonaGitBranchExistsError, git.create_branch,
                "fresh", "trunk")


STEPS = [
    ("starts a repository", starts_a_repository),
    ("undoes", undoes),
    ("knows remotes", knows_remotes),
    ("says what is wrong", says_what_is_wrong),
]
