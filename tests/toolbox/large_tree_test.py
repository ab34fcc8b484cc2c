"""Looking through much: what takes long keeps nobody waiting."""

import os
import signal
import socket
import subprocess
import threading
import time
import unittest

from daemon import USER, Daemon, wait_until

FOLDERS, FILES = 30, 150
LINE = "needle " + "x" * 200 + "\n"


class LargeTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        cls.root = cls.daemon.work + "/tree"
        for i in range(FOLDERS):
            os.makedirs(f"{cls.root}/{i:02}/deep")
            for k in range(FILES):
                with open(f"{cls.root}/{i:02}/deep/{k:03}.txt", "w") as file:
                    file.write("hay\n" * 20 + ("" if k else LINE))
        # Far more than a socket holds.
        with open(cls.root + "/many", "w") as file:
            file.write(LINE * 100_000)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", cls.root], check=True)

    def test_every_file_is_looked_at(self):
        found = self.daemon.get("/files/find", path=self.root + "/07",
                                pattern="needle").json
        self.assertEqual([(one["file"], one["line"]) for one in found],
                         [(self.root + "/07/deep/000.txt", 21)])
        found = self.daemon.get("/files/search", path=self.root,
                                pattern="*.txt").json["files"]
        self.assertEqual(len(found), FOLDERS * FILES)
        self.assertEqual(found, sorted(found))
        listed = self.daemon.get("/files", path=self.root, depth=3).json
        self.assertEqual(len(listed), FOLDERS * (FILES + 2) + 1)

    def test_all_matches_of_a_file_are_told(self):
        found = self.daemon.get("/files/find", path=self.root + "/many",
                                pattern="needle").json
        self.assertEqual([one["line"] for one in found],
                         list(range(1, 100_001)))

    def stuck_search(self):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.connect(self.daemon.socket_path)
        sock.sendall(f"GET /files/find?pattern=needle&path={self.root}/many"
                     " HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return sock

    def child_pids(self):
        path = f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children"
        with open(path) as pids:
            return [int(pid) for pid in pids.read().split()]

    def children(self):
        return len(self.child_pids())

    def test_searches_whose_readers_stop_keep_only_searches_waiting(self):
        self.assertTrue(wait_until(lambda: self.children() == 0))
        stuck = [self.stuck_search() for _ in range(8)]
        self.assertTrue(wait_until(lambda: self.children() == 8))
        waiting = self.daemon.connection()
        self.addCleanup(waiting.close)
        waiting.request("GET", f"/files/search?path={self.root}&pattern=many")
        begun = time.monotonic()
        self.assertEqual(
            self.daemon.get("/files/info", path=self.root).status, 200)
        self.assertEqual(len(self.daemon.get("/files", path=self.root).json),
                         FOLDERS + 1)
        self.assertEqual(self.daemon.get("/version").status, 200)
        self.assertLess(time.monotonic() - begun, 5)
        # The one that waits has not begun.
        self.assertTrue(wait_until(lambda: self.children() == 8))
        stuck[0].close()
        self.assertEqual(waiting.getresponse().read(),
                         f'{{"files":["{self.root}/many"]}}'.encode())

    def test_a_search_ends_with_the_client_that_asked_for_it(self):
        self.assertTrue(wait_until(lambda: self.children() == 0))
        for path in ("/files/find", "/files/search"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.daemon.socket_path)
                sock.sendall(f"GET {path}?path=/usr&pattern=no-such"
                             " HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                self.assertTrue(wait_until(self.children))
                # It would be at it for as long as it likes.
                os.kill(self.child_pids()[0], signal.SIGSTOP)
            self.assertTrue(wait_until(lambda: self.children() == 0), path)

    def test_a_probe_is_answered_during_many_searches(self):
        slowest = 0.0
        searches = [threading.Thread(
            target=self.daemon.get, args=("/files/find",),
            kwargs={"path": self.root, "pattern": "nothing like it"})
            for _ in range(16)]
        for one in searches:
            one.start()
        while any(one.is_alive() for one in searches):
            begun = time.monotonic()
            self.assertEqual(self.daemon.get("/version").status, 200)
            slowest = max(slowest, time.monotonic() - begun)
        self.assertLess(slowest, 1.0)

    def test_a_replacement_that_would_fill_the_memory_is_refused(self):
        path = self.daemon.work + "/dots"
        with open(path, "w") as file:
            file.write("." * 1000)
        os.chown(path, USER, USER)
        done = self.daemon.post("/files/replace", {
            "files": [path], "pattern": ".", "newValue": "y" * 300_000}).json
        self.assertEqual(done[0]["success"], False)
        self.assertIn("larger than 256 MiB", done[0]["error"])
        self.assertEqual(os.path.getsize(path), 1000)


if __name__ == "__main__":
    unittest.main()
