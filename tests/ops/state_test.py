"""The command line on a real server: keys, backup and restore, rebuild, the
log's own check, one data directory for one server."""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))

from harness.own_server import own_server  # noqa: E402

BUILD = ""


def call(server, method, path, body=None, key=None):
    """Status and parsed body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                            timeout=30)
    try:
        connection.request(
            method, path, json.dumps(body) if body is not None else None,
            {"Authorization": "Bearer " + (key or server.key),
             "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def create(server, name, env=None):
    status, sandbox = call(server, "POST", "/api/sandbox",
                           {"name": name, "env": env or {}})
    assert status == 200, (status, sandbox)
    return sandbox


def states(server):
    status, page = call(server, "GET", "/api/sandbox?limit=200")
    assert status == 200, (status, page)
    return {item["name"]: item["state"] for item in page["items"]}


class StateTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(own_server(BUILD))

    def varve(self, *arguments, fails=False):
        answer = subprocess.run(
            [self.server.binaries.varve, *arguments, "--data",
             self.server.data], capture_output=True, text=True, timeout=120,
            check=False)
        self.assertEqual(answer.returncode != 0, fails, answer)
        return answer.stderr if fails else answer.stdout

    def restart(self):
        self.server.stop()
        self.server.start()

    def test_a_key_works_until_it_is_revoked(self):
        key = self.varve("key", "create", "ci").strip()
        self.assertRegex(key, "^dtn_[0-9a-f]{64}$")
        self.assertEqual(call(self.server, "GET", "/api/sandbox",
                              key=key)[0], 200)
        self.assertIn("ci\t", self.varve("key", "list"))
        self.assertNotIn(key, self.varve("key", "list"))
        self.assertIn("already", self.varve("key", "create", "ci",
                                            fails=True))
        self.varve("key", "revoke", "ci")
        self.assertEqual(call(self.server, "GET", "/api/sandbox",
                              key=key)[0], 401)
        self.assertNotIn("ci\t", self.varve("key", "list"))
        self.assertIn("not found", self.varve("key", "revoke", "ci",
                                              fails=True))
        self.restart()
        self.assertEqual(call(self.server, "GET", "/api/sandbox",
                              key=key)[0], 401)

    def test_the_first_key_does_not_come_back(self):
        first = self.server.key
        mode = os.stat(os.path.join(self.server.data, "api-key")).st_mode
        self.assertEqual(mode & 0o777, 0o600)
        self.varve("key", "revoke", "default")
        self.restart()
        self.assertEqual(call(self.server, "GET", "/api/sandbox",
                              key=first)[0], 401)
        self.assertEqual(self.varve("key", "list"), "")

    def test_a_data_directory_has_one_server(self):
        second = subprocess.run(
            [self.server.binaries.varve, "serve", "--data",
             self.server.data, "--listen", "127.0.0.1:0"],
            capture_output=True, text=True, timeout=30, check=False)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another varve", second.stderr)
        self.assertIn("locked", self.varve("purge", fails=True))

    def test_two_servers_share_a_host(self):
        with own_server(BUILD) as other:
            here = create(self.server, "here")
            there = create(other, "there")
            self.assertEqual((here["state"], there["state"]),
                             ("started", "started"))
        self.assertEqual(states(self.server), {"here": "started"})
        status, answer = call(
            self.server, "POST", f"/toolbox/{here['id']}/process/execute",
            {"command": "echo still here"})
        self.assertEqual((status, answer["result"]), (200, "still here\n"))

    def test_read_models_are_rebuilt_while_they_serve(self):
        for number in range(3):
            create(self.server, f"r{number}")
        before = states(self.server)
        failed = []
        ended = threading.Event()

        def ask():
            while not ended.is_set():
                if states(self.server) != before:
                    failed.append(states(self.server))

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            for _ in range(3):
                self.varve("projections", "rebuild")
        finally:
            ended.set()
            asking.join()
        self.assertEqual(failed, [])
        self.assertIn("every chain is whole", self.varve("log", "verify"))

    def test_a_backup_taken_under_load_restores(self):
        backup = self.server.data + "-backup"
        self.addCleanup(shutil.rmtree, backup, True)
        kept = create(self.server, "kept", {"SECRET": "canary-7f3a"})
        gone = create(self.server, "gone")
        loading = [threading.Thread(target=create,
                                    args=(self.server, f"load{n}"))
                   for n in range(4)]
        for worker in loading:
            worker.start()
        self.varve("backup", backup)
        for worker in loading:
            worker.join()
        self.assertIn("exists", self.varve("backup", backup, fails=True))
        create(self.server, "later")
        self.assertEqual(call(self.server, "DELETE",
                              f"/api/sandbox/{gone['id']}")[0], 200)
        self.assertIn("locked", self.varve("restore", backup, fails=True))
        self.server.stop()
        self.varve("restore", backup)
        self.server.start()
        self.check_restored(kept)

    def check_restored(self, kept):
        status, sandbox = call(self.server, "GET",
                               f"/api/sandbox/{kept['id']}")
        self.assertEqual(status, 200)
        self.assertEqual(sandbox["env"], {"SECRET": "canary-7f3a"})
        found = {}
        limit = time.monotonic() + 90
        while time.monotonic() < limit:
            found = states(self.server)
            if not {"creating", "starting", "stopping", "destroying"} \
                    & set(found.values()):
                break
            time.sleep(0.5)
        self.assertEqual(found.get("kept"), "started", found)
        self.assertNotIn("later", found)
        self.assertEqual(found.get("gone"), "error", found)
        status, answer = call(
            self.server, "POST", f"/toolbox/{kept['id']}/process/execute",
            {"command": "printenv SECRET"})
        self.assertEqual((status, answer["result"]), (200, "canary-7f3a\n"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    known, rest = parser.parse_known_args()
    BUILD = known.build
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
