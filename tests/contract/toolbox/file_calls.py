"""Calls of /files/*."""


def call(box):
    change(box)
    upload(box)
    look(box)
    download(box)
    rearrange(box)


def change(box):
    box.succeed("POST /files/folder", path="c/d", mode="0750")
    box.succeed("POST /files/folder", path="c/d")
    box.fail("POST /files/folder", 400, path="x", mode="nine")


def upload(box):
    one = [("file", "a.txt", b"one two\n")]
    box.succeed("POST /files/upload", form=one, path="c/a.txt")
    box.fail("POST /files/upload", 400, form=one, path="c/d")
    told = box.succeed("POST /files/upload-v2", form=one, path="c/b.txt")
    assert told["name"] == "b.txt", told
    box.succeed("POST /files/upload-v2", body=b"raw", path="c/raw")
    box.fail("POST /files/upload-v2", 400, form=one)
    two = [("files[0].path", None, b"c/e.txt"),
           ("files[0].file", "e.txt", b"three\n")]
    told = box.succeed("POST /files/bulk-upload", form=two)
    assert told == {"files": [{"path": "c/e.txt", "bytes": 6}]}, told
    box.fail("POST /files/bulk-upload", 400, form=two[1:])


def look(box):
    listed = box.succeed("GET /files", path="c")
    assert [one["name"] for one in listed] == ["a.txt", "b.txt", "d", "e.txt",
                                               "raw"], listed
    box.succeed("GET /files")
    box.succeed("GET /files", path=".", depth=2)
    box.fail("GET /files", 404, path="nowhere")
    box.fail("GET /files", 400, path="c", depth=0)
    assert box.succeed("GET /files/info", path="c/d")["permissions"] == "0750"
    box.fail("GET /files/info", 404, path="nowhere")
    box.fail("GET /files/info", 403, path="/root/x")
    found = box.succeed("GET /files/find", path="c", pattern="two")
    assert [one["file"] for one in found] == ["c/a.txt", "c/b.txt"], found
    box.fail("GET /files/find", 400, path="c")
    found = box.succeed("GET /files/search", path="c", pattern="[ae].*")
    assert found["files"] == ["c/a.txt", "c/e.txt"], found
    box.fail("GET /files/search", 400, path="c", pattern="[")


def download(box):
    got = box.succeed("GET /files/download", path="c/a.txt")
    assert got == b"one two\n", got
    box.fail("GET /files/download", 404, path="nowhere")
    box.fail("GET /files/download", 400, path="c")
    got = box.succeed("POST /files/bulk-download",
                      body={"paths": ["c/a.txt", "nowhere"]})
    assert b'name="file"' in got and b'name="error"' in got, got
    box.fail("POST /files/bulk-download", 400, body={"paths": []})


def rearrange(box):
    told = box.succeed("POST /files/replace", body={
        "files": ["c/a.txt", "nowhere"], "pattern": "two", "newValue": ""})
    assert [one["success"] for one in told] == [True, False], told
    box.fail("POST /files/replace", 400, body={"files": ["c/a.txt"]})
    box.succeed("POST /files/permissions", path="c/a.txt", mode="0600")
    box.fail("POST /files/permissions", 400, path="c/a.txt", owner="no-such")
    box.fail("POST /files/permissions", 404, path="nowhere", mode="0600")
    box.succeed("POST /files/move", source="c/a.txt", destination="c/f.txt")
    box.fail("POST /files/move", 409, source="c/f.txt", destination="c/b.txt")
    box.fail("POST /files/move", 404, source="nowhere", destination="c/g")
    box.fail("DELETE /files", 400, path="c")
    box.succeed("DELETE /files", path="c", recursive="true")
    box.fail("DELETE /files", 404, path="c")
