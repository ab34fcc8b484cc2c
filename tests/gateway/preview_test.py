"""The preview host of port 2280 on a real server with a real sandbox: every
WebSocket of the toolbox through it, with nothing but the sandbox's token. One
official client has no other way to them."""

import argparse
import json
import os
import shutil
import socket
import sys
import tempfile
import unittest
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
sys.path.insert(0, os.path.join(ROOT, "tests", "toolbox"))

from harness.client import Client  # noqa: E402
from harness.own_server import own_server  # noqa: E402
from harness.server import images_folder  # noqa: E402
from websocket import Refused, WebSocket  # noqa: E402

BUILD = ""
TOKEN_HEADER = "X-Daytona-Preview-Token"
VERSION = "X-Daytona-SDK-Version~0.190.0"
OUT = b"\1\1\1"


class PreviewSocket(WebSocket):
    """To the host of a preview URL, wherever its name would lead."""

    def __init__(self, link, path, headers=None, protocols=()):
        url = urllib.parse.urlsplit(link["url"])
        self.port = url.port
        super().__init__(None, path, headers, protocols, host=url.netloc)

    def connected(self, _, timeout):
        return socket.create_connection(("127.0.0.1", self.port), timeout)


def image_with_entrypoint(folder):
    """An image store whose only image starts something by itself."""
    store = images_folder()
    with open(os.path.join(store, "default"), encoding="utf-8") as name:
        base = os.path.join(store, name.read().strip())
    with open(os.path.join(base, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    config["entrypoint"] = ["/bin/sh", "-c", "echo begun; sleep 970"]
    image = os.path.join(folder, "with-entrypoint")
    os.mkdir(image)
    os.symlink(os.path.join(base, "rootfs"), os.path.join(image, "rootfs"))
    with open(os.path.join(image, "config.json"), "w",
              encoding="utf-8") as file:
        json.dump(config, file)
    with open(os.path.join(folder, "default"), "w", encoding="utf-8") as file:
        file.write("with-entrypoint\n")


class Preview(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        images = tempfile.mkdtemp(prefix="varve-images-", dir="/var/tmp")
        os.chmod(images, 0o711)
        cls.addClassCleanup(shutil.rmtree, images)
        image_with_entrypoint(images)
        os.environ["VARVE_TEST_IMAGES"] = images
        cls.server = cls.enterClassContext(own_server(BUILD))
        cls.client = Client(cls.server.port, cls.server.key)
        cls.addClassCleanup(cls.client.close)
        answer = cls.client.create(name="previewed")
        assert answer.status == 200, answer
        cls.sandbox = answer.json["id"]
        cls.link = cls.new_link()

    @classmethod
    def new_link(cls):
        answer = cls.client.request(
            "GET", "/api/sandbox/previewed/ports/2280/preview-url")
        assert answer.status == 200, answer
        return answer.json

    def by_header(self, path, protocols=()):
        ws = PreviewSocket(self.link, path, {TOKEN_HEADER: self.link["token"]},
                           protocols)
        self.addCleanup(ws.sock.close)
        return ws

    def by_query(self, path):
        """As a browser, which can set no header."""
        mark = "&" if "?" in path else "?"
        ws = PreviewSocket(
            self.link, f"{path}{mark}DAYTONA_SANDBOX_AUTH_KEY="
            + self.link["token"], {"Origin": "https://app.example"}, [VERSION])
        self.addCleanup(ws.sock.close)
        self.assertEqual(ws.protocol, VERSION)
        return ws

    def toolbox(self, path, body):
        answer = self.client.request(
            "POST", f"/toolbox/{self.sandbox}{path}", body)
        self.assertIn(answer.status, (200, 201, 202), answer)
        return answer.json if answer.body else None

    def test_the_link_names_the_sandbox(self):
        self.assertEqual(self.link["sandboxId"], self.sandbox)
        # The server was asked at an address, under which there are no names.
        self.assertEqual(
            self.link["url"],
            f"http://2280-{self.sandbox}.localhost:{self.server.port}")

    def test_logs_of_a_command_of_a_session(self):
        self.toolbox("/process/session", {"sessionId": "s"})
        command = self.toolbox(
            "/process/session/s/exec",
            {"command": "echo one; sleep 0.3; echo two",
             "runAsync": True})["cmdId"]
        path = f"/process/session/s/command/{command}/logs?follow=true"
        for follow in (self.by_header, self.by_query):
            ws = follow(path)
            self.assertEqual(ws.all().replace(OUT, b""), b"one\ntwo\n")
            self.assertEqual(ws.close_code, 1000)

    def test_logs_of_the_entrypoint(self):
        path = "/process/session/entrypoint/logs?follow=true"
        for follow in (self.by_header, self.by_query):
            self.assertIn(b"begun\n", follow(path).until(b"begun\n"))

    def test_a_terminal(self):
        for number, view in enumerate((self.by_header, self.by_query)):
            name = f"terminal-{number}"
            self.toolbox("/process/pty", {"id": name, "cols": 80, "rows": 24})
            ws = view(f"/process/pty/{name}/connect")
            self.assertEqual(json.loads(ws.receive()[1])["status"],
                             "connected")
            ws.send_binary(b"echo $((40 + 2))\n")
            ws.until(b"42")  # not in what is typed
            ws.send_binary(b"exit 3\n")
            ws.all()
            self.assertEqual(json.loads(ws.close_reason)["exitCode"], 3)

    def test_the_interpreter(self):
        for view in (self.by_header, self.by_query):
            ws = view("/process/interpreter/execute")
            ws.send_text(json.dumps({"code": "print(6 * 7)"}))
            kinds, text = [], ""
            while kinds[-1:] != ["control"]:
                message = json.loads(ws.receive()[1])
                kinds.append(message["type"])
                text += message["text"]
            self.assertEqual((kinds[0], text), ("stdout", "42\ncompleted"))
            ws.all()
            self.assertEqual(ws.close_code, 1000)

    def test_nobody_enters_with_another_token(self):
        path = "/process/session/entrypoint/logs?follow=true"
        wrong = "0" * len(self.link["token"])
        for headers, query in (({}, ""), ({TOKEN_HEADER: wrong}, ""),
                               ({}, "&DAYTONA_SANDBOX_AUTH_KEY=" + wrong)):
            with self.assertRaises(Refused) as refused:
                PreviewSocket(self.link, path + query, headers)
            self.assertEqual(refused.exception.status, 401)

    def test_z_another_start_makes_another_token(self):
        old = self.link
        for action in ("stop", "start"):
            answer = self.client.act("previewed", action)
            self.assertEqual(answer.status, 200, answer)
        path = "/process/session/entrypoint/logs?follow=true"
        with self.assertRaises(Refused) as refused:
            PreviewSocket(old, path, {TOKEN_HEADER: old["token"]})
        self.assertEqual(refused.exception.status, 401)
        type(self).link = self.new_link()
        self.assertNotEqual(self.link["token"], old["token"])
        self.by_header(path).until(b"begun\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments, rest = parser.parse_known_args()
    BUILD = arguments.build
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
