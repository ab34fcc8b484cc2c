"""Calls of what tells of the sandbox and sets it up."""


def call(box):
    for route in ("GET /version", "GET /work-dir", "GET /user-home-dir",
                  "GET /project-dir", "GET /port", "GET /system/metrics"):
        box.succeed(route)
        box.has_no_other_method(route)
    in_use = "GET /port/{port}/in-use"
    assert box.succeed(in_use, {"port": "4321"}) == {"isInUse": False}
    box.fail(in_use, 400, {"port": "80"})
    box.succeed("POST /env", body={"set": {"CONTRACT": "kept"},
                                   "unset": ["NO_SUCH"]})
    box.fail("POST /env", 400, body={"set": {"not a name": "x"}})
    done = box.succeed("POST /process/execute",
                       body={"command": "echo $CONTRACT"})
    assert done["result"] == "kept\n", done
    box.succeed("POST /init", body={"token": "t"})
    box.fail("POST /init", 400, body={})
