"""Calls of /lsp/*, with the image's python server."""

PROJECT = {"languageId": "python", "pathToProject": "project"}
FILE = {**PROJECT, "uri": "file://project/m.py"}
NOBODY = {"languageId": "cobol", "pathToProject": "project"}
TEXT = b"import os\n\n\ndef answer():\n    return os.getpid()\n\n\nos.get\n"


def call(box):
    box.succeed("POST /files/upload-v2", body=TEXT, path="project/m.py")
    box.succeed("POST /lsp/start", body=PROJECT)
    box.fail("POST /lsp/start", 400, body={"languageId": "python"})
    document = {**FILE}
    box.succeed("POST /lsp/did-open", body=document)
    box.fail("POST /lsp/did-open", 400, body=PROJECT)
    told = box.succeed("POST /lsp/completions", body={
        **document, "position": {"line": 7, "character": 6}})
    assert any("getpid" in one["label"] for one in told["items"]), told
    box.fail("POST /lsp/completions", 400, body=document)
    symbols(box)
    box.succeed("POST /lsp/did-close", body=document)
    box.fail("POST /lsp/did-close", 400, body=PROJECT)
    box.succeed("POST /lsp/stop", body=PROJECT)
    box.fail("POST /lsp/stop", 400, body={})


def symbols(box):
    told = box.succeed("GET /lsp/document-symbols", **FILE)
    assert "answer" in [one["name"] for one in told], told
    box.fail("GET /lsp/document-symbols", 400, **NOBODY)
    told = box.succeed("GET /lsp/workspacesymbols", query="answer", **PROJECT)
    assert "answer" in [one["name"] for one in told], told
    box.fail("GET /lsp/workspacesymbols", 400, **NOBODY)
