"""Calls of /git/*, in the sandbox's own file system."""


def call(box):
    begin(box)
    first_commit(box)
    branches(box)
    undo(box)
    remotes(box)
    settings(box)


NOWHERE = {"path": "nowhere"}
AUTHOR = {"author": "A", "email": "a@example.com"}


def begin(box):
    box.succeed("POST /git/init", body={"path": "r", "initial_branch": "main"})
    box.fail("POST /git/init", 400, body={})
    box.succeed("POST /git/init", body={"path": "bare.git", "bare": True})


def first_commit(box):
    write(box, "one\n")
    shown = box.succeed("GET /git/status", path="r")
    assert shown["fileStatus"][0]["worktree"] == "Untracked", shown
    box.fail("GET /git/status", 404, path="nowhere")
    box.succeed("POST /git/add", body={"path": "r", "files": ["."]})
    box.fail("POST /git/add", 404, body={**NOWHERE, "files": ["."]})
    commit = {"path": "r", "message": "first", **AUTHOR}
    made = box.succeed("POST /git/commit", body=commit)
    box.fail("POST /git/commit", 409, body=commit)
    told = box.succeed("GET /git/history", path="r")
    assert [one["hash"] for one in told] == [made["hash"]], told
    box.fail("GET /git/history", 404, path="nowhere")


def write(box, text):
    box.succeed("POST /files/upload-v2", body=text.encode(), path="r/a.txt")


def branches(box):
    box.succeed("POST /git/branches", body={"path": "r", "name": "side"})
    box.fail("POST /git/branches", 409, body={"path": "r", "name": "side"})
    assert set(box.succeed("GET /git/branches", path="r")["branches"]) == {
        "main", "side"}
    box.fail("GET /git/branches", 404, path="nowhere")
    box.succeed("POST /git/checkout", body={"path": "r", "branch": "main"})
    box.fail("POST /git/checkout", 404, body={"path": "r", "branch": "none"})
    box.succeed("DELETE /git/branches", body={"path": "r", "name": "side"})
    box.fail("DELETE /git/branches", 404, body={**NOWHERE, "name": "x"})


def undo(box):
    write(box, "two\n")
    box.succeed("POST /git/restore", body={"path": "r", "files": ["a.txt"]})
    box.fail("POST /git/restore", 404, body={**NOWHERE, "files": ["x"]})
    write(box, "three\n")
    box.succeed("POST /git/reset", body={"path": "r", "mode": "hard"})
    box.fail("POST /git/reset", 400, body={"path": "r", "mode": "no-such"})
    got = box.succeed("GET /files/download", path="r/a.txt")
    assert got == b"one\n", got


def remotes(box):
    work = box.succeed("GET /work-dir")["dir"]
    url = f"file://{work}/bare.git"
    add = {"path": "r", "name": "origin", "url": url}
    box.succeed("POST /git/remotes", body=add)
    box.fail("POST /git/remotes", 409, body=add)
    told = box.succeed("GET /git/remotes", path="r")["remotes"]
    assert told == [{"name": "origin", "url": url}], told
    box.fail("GET /git/remotes", 404, path="nowhere")
    box.succeed("POST /git/push", body={"path": "r", "remote": "origin",
                                        "branch": "main",
                                        "set_upstream": True})
    box.fail("POST /git/push", 404, body=NOWHERE)
    box.succeed("POST /git/pull", body={"path": "r"})
    box.fail("POST /git/pull", 404, body=NOWHERE)
    box.succeed("POST /git/clone", body={"url": url, "path": "copy",
                                         "branch": "main"})
    box.fail("POST /git/clone", 400, body={"path": "other"})


def settings(box):
    box.succeed("POST /git/config", body={"path": "r", "key": "user.name",
                                          "value": "B", "scope": "local"})
    box.fail("POST /git/config", 400, body={"key": "user.name"})
    told = box.succeed("GET /git/config", path="r", key="user.name",
                       scope="local")
    assert told == {"value": "B"}, told
    box.fail("GET /git/config", 400)
    box.succeed("POST /git/config/user", body={
        "name": "C", "email": "c@example.com", "scope": "global"})
    box.fail("POST /git/config/user", 400, body={"name": "C"})
    box.succeed("POST /git/credentials", body={
        "username": "u", "password": "p", "host": "git.example.com"})
    box.fail("POST /git/credentials", 400, body={"username": "u"})
