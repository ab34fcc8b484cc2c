"""Calls of /process/*: commands, sessions, terminals, interpreter."""

import json


def call(box):
    once(box)
    sessions(box)
    commands(box)
    entrypoint(box)
    terminals(box)


def once(box):
    done = box.succeed("POST /process/execute", body={
        "command": "echo $A; exit 3", "envs": {"A": "b"}, "cwd": "/",
        "timeout": 30})
    assert done == {"exitCode": 3, "result": "b\n"}, done
    box.fail("POST /process/execute", 400, body={"command": " "})
    box.fail("POST /process/execute", 408,
             body={"command": "sleep 30", "timeout": 1})
    done = box.succeed("POST /process/code-run", body={
        "language": "python", "code": "import sys; print(sys.argv[1:])",
        "argv": ["x"], "timeout": 60})
    assert done["result"] == "['x']\n", done
    box.fail("POST /process/code-run", 400,
             body={"language": "cobol", "code": "x"})


def sessions(box):
    box.succeed("POST /process/session", body={"sessionId": "s"})
    box.fail("POST /process/session", 409, body={"sessionId": "s"})
    listed = box.succeed("GET /process/session")
    assert [one["sessionId"] for one in listed] == ["s"], listed
    box.has_no_other_method("GET /process/session")


def commands(box):
    at = {"sessionId": "s"}
    done = box.succeed("POST /process/session/{sessionId}/exec", at,
                       {"command": "echo out; echo err >&2"})
    assert (done["exitCode"], done["stdout"], done["stderr"]) == (
        0, "out\n", "err\n"), done
    at["commandId"] = done["cmdId"]
    box.fail("POST /process/session/{sessionId}/exec", 404,
             {"sessionId": "none"}, {"command": "true"})
    of_command = "GET /process/session/{sessionId}/command/{commandId}"
    assert box.succeed(of_command, at)["exitCode"] == 0
    box.fail(of_command, 404, {**at, "commandId": "none"})
    logs = box.succeed(of_command + "/logs", at)
    assert logs["stderr"] == "err\n", logs
    box.fail(of_command + "/logs", 404, {**at, "commandId": "none"})
    with box.upgrade(of_command + "/logs", at, follow="true") as link:
        assert b"out\n" in link.all()
    give_input(box, dict(at))
    of_session = "GET /process/session/{sessionId}"
    assert len(box.succeed(of_session, at)["commands"]) == 2
    box.fail(of_session, 404, {"sessionId": "none"})
    box.succeed("DELETE /process/session/{sessionId}", at)
    box.fail("DELETE /process/session/{sessionId}", 404, at)


def give_input(box, at):
    begun = box.succeed("POST /process/session/{sessionId}/exec", at,
                        {"command": "head -n 1", "runAsync": True})
    assert begun == {"cmdId": begun["cmdId"]}, begun
    at["commandId"] = begun["cmdId"]
    of_input = "POST /process/session/{sessionId}/command/{commandId}/input"
    box.succeed(of_input, at, {"data": "line\n"})
    logs = "GET /process/session/{sessionId}/command/{commandId}/logs"
    with box.upgrade(logs, at, follow="true") as link:
        assert b"line" in link.all()
    box.fail(of_input, 410, at, {"data": "more\n"})
    box.fail(of_input, 404, {**at, "commandId": "none"}, {"data": "x"})


def entrypoint(box):
    session = "GET /process/session/entrypoint"
    shown = box.succeed(session)
    assert shown["sessionId"] == "entrypoint", shown
    logs = box.succeed(session + "/logs")
    assert logs["stdout"] == "at the door\n", logs
    for route in (session, session + "/logs"):
        box.has_no_other_method(route)


def terminals(box):
    box.succeed("POST /process/pty", body={
        "id": "p", "cols": 100, "rows": 30, "cwd": "/", "lazyStart": True})
    box.fail("POST /process/pty", 409, body={"id": "p"})
    listed = box.succeed("GET /process/pty")["sessions"]
    assert [one["id"] for one in listed] == ["p"], listed
    box.has_no_other_method("GET /process/pty")
    at = {"sessionId": "p"}
    shown = box.succeed("GET /process/pty/{sessionId}", at)
    assert (shown["cols"], shown["rows"]) == (100, 30), shown
    box.fail("GET /process/pty/{sessionId}", 404, {"sessionId": "none"})
    connect = "GET /process/pty/{sessionId}/connect"
    with box.upgrade(connect, at) as link:
        link.until(b'"connected"')
        link.send_text("echo $((40+2))\n")
        link.until(b"42")
        resize = "POST /process/pty/{sessionId}/resize"
        shown = box.succeed(resize, at, {"cols": 90, "rows": 20})
        assert shown["cols"] == 90, shown
        box.fail(resize, 400, at, {"cols": 1001, "rows": 20})
    box.fail(connect, 400, at)
    created = "GET /process/pty/create-connect"
    with box.upgrade(created, id="q", cols=80, rows=24, cwd="/") as link:
        link.until(b'"connected"')
        link.send_text("exit 3\n")
        link.all()
        assert json.loads(link.close_reason)["exitCode"] == 3
    box.fail(created, 400, id="r")
    box.succeed("DELETE /process/pty/{sessionId}", at)
    box.fail("DELETE /process/pty/{sessionId}", 404, at)
