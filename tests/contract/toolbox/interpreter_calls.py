"""Calls of /process/interpreter/*."""

import json


def call(box):
    contexts = "GET /process/interpreter/context"
    create = "POST /process/interpreter/context"
    made = box.succeed(create, body={"cwd": "/tmp", "language": "python"})
    assert (made["cwd"], made["language"]) == ("/tmp", "python"), made
    box.fail(create, 400, body={"language": "cobol"})
    listed = box.succeed(contexts)["contexts"]
    assert [one["id"] for one in listed] == [made["id"]], listed
    box.has_no_other_method(contexts)
    execute = "GET /process/interpreter/execute"
    with box.upgrade(execute) as link:
        link.send_text(json.dumps({"code": "print(6 * 7)",
                                   "contextId": made["id"]}))
        told = [json.loads(frame) for frame in link.frames()]
    assert link.close_code == 1000, link.close_code
    told = [(frame["type"], frame["text"]) for frame in told]
    assert told == [("stdout", "42\n"), ("control", "completed")], told
    box.fail(execute, 400)
    delete = "DELETE /process/interpreter/context/{id}"
    box.succeed(delete, {"id": made["id"]})
    box.fail(delete, 404, {"id": made["id"]})
