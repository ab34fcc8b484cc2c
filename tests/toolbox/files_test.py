"""The JSON half of /files/*: look, change, find, search, replace."""

import os
import stat
import subprocess
import unittest

from daemon import USER, Daemon, check_problem


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = cls.enterClassContext(Daemon())
        cls.secret = cls.daemon.folder + "/secret"
        os.mkdir(cls.secret, 0o700)
        with open(cls.secret + "/key", "w") as key:
            key.write("root only")
        cls.owned = cls.daemon.folder + "/owned-by-root"
        with open(cls.owned, "w") as text:
            text.write("readable\n")

    def setUp(self):
        # A fresh directory of the user's for each test.
        self.root = os.path.join(self.daemon.work, self.id().split(".")[-1])
        os.mkdir(self.root)
        os.chown(self.root, USER, USER)

    def write(self, name, data="", mode=0o644, owner=USER):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        for folder in self.folders_to(path):
            os.chown(folder, owner, owner)
        with open(path, "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.chown(path, owner, owner)
        os.chmod(path, mode)
        return path

    def folders_to(self, path):
        folder = os.path.dirname(path)
        while folder.startswith(self.root):
            yield folder
            folder = os.path.dirname(folder)

    def names(self, **query):
        return [one["name"] for one in self.daemon.get("/files", **query).json]

    # -- look

    def test_info(self):
        path = self.write("a.txt", "12345", 0o4640)
        os.utime(path, ns=(0, 1767323045600000000))
        info = self.daemon.get("/files/info", path=path).json
        self.assertEqual(info, {
            "name": "a.txt", "path": path, "size": 5, "mode": "urw-r-----",
            "permissions": "0640", "isDir": False, "owner": "65534",
            "group": "65534", "modTime": "2026-01-02 03:04:05.6 +0000 UTC",
            "modifiedAt": "2026-01-02T03:04:05Z"})

    def test_info_of_special_files(self):
        os.mkfifo(self.root + "/fifo", 0o600)
        os.symlink("fifo", self.root + "/link")
        modes = {"/tmp": "dtrwxrwxrwx", "/dev/null": "Dcrw-rw-rw-",
                 self.root + "/fifo": "prw-------",
                 self.root + "/link": "prw-------", "/": "drwxr-xr-x"}
        for path, mode in modes.items():
            info = self.daemon.get("/files/info", path=path).json
            self.assertEqual(info["mode"], mode, path)
        self.assertEqual(self.daemon.get("/files/info", path="/").json["name"],
                         "/")

    def test_list(self):
        for name in ("b", "a", "c/d", ".hidden", "ünï\n\"q\""):
            self.write(name)
        os.symlink("nowhere", self.root + "/dangling")
        os.symlink("c", self.root + "/link")
        self.assertEqual(self.names(path=self.root),
                         [".hidden", "a", "b", "c", "link", "ünï\n\"q\""])
        entry = {one["name"]: one for one in
                 self.daemon.get("/files", path=self.root).json}
        self.assertTrue(entry["c"]["isDir"])
        self.assertTrue(entry["link"]["isDir"])
        self.assertEqual(entry["b"]["path"], self.root + "/b")
        self.assertEqual(self.daemon.get("/files/", path=self.root).status,
                         200)

    def test_list_of_nothing_is_an_empty_list(self):
        self.assertEqual(self.daemon.get("/files", path=self.root).body, b"[]")

    def test_list_with_depth(self):
        self.write("x/y/z/file")
        os.symlink("..", self.root + "/x/up")
        found = {depth: [one["path"][len(self.root):] for one in
                         self.daemon.get("/files", path=self.root,
                                         depth=depth).json]
                 for depth in (1, 2, 3, 9)}
        self.assertEqual(found[1], ["/x"])
        self.assertEqual(found[2], ["/x", "/x/up", "/x/y"])
        self.assertEqual(found[3], ["/x", "/x/up", "/x/y", "/x/y/z"])
        self.assertEqual(found[9], found[3] + ["/x/y/z/file"])
        for bad in ("0", "-1", "x", "1.5"):
            check_problem(self, self.daemon.get("/files", path=self.root,
                                                depth=bad),
                          400, "BAD_REQUEST", "depth")

    def test_relative_paths_begin_at_the_work_directory(self):
        self.write("here")
        name = os.path.basename(self.root)
        self.assertEqual(self.names(path=name), ["here"])
        self.assertIn(name, self.names())
        self.assertIn(name, self.names(path="."))
        self.assertEqual(
            self.daemon.get("/files/info", path=name + "/here").json["path"],
            self.root + "/here")
        self.assertEqual(self.daemon.get("/files/info", path="~").status, 404)

    def test_looking_at_what_is_not_there_or_not_allowed(self):
        missing = self.root + "/missing"
        for path, status, code, needle in (
                ("/files", 404, "FILE_NOT_FOUND", "file not found: " + missing),
                ("/files/info", 404, "FILE_NOT_FOUND", missing),
                ("/files/download", 404, "FILE_NOT_FOUND", missing)):
            check_problem(self, self.daemon.get(path, path=missing), status,
                          code, needle)
        key = self.secret + "/key"
        for path, target in (("/files", self.secret), ("/files/info", key),
                             ("/files/download", key)):
            check_problem(self, self.daemon.get(path, path=target), 403,
                          "FILE_ACCESS_DENIED", "permission denied: " + target)
        file = self.write("file")
        check_problem(self, self.daemon.get("/files", path=file), 400,
                      "INVALID_FILE_PATH", "not a directory")
        check_problem(self, self.daemon.get("/files/info", path=file + "/x"),
                      404, "FILE_NOT_FOUND")
        check_problem(self, self.daemon.get("/files/info"), 400,
                      "BAD_REQUEST", "path is required")
        check_problem(self, self.daemon.call("GET", "/files/info?path=a%00b"),
                      400, "BAD_REQUEST", "malformed")
        check_problem(self, self.daemon.get("/files/info", path="x" * 5000),
                      400, "INVALID_FILE_PATH", "too long")

    # -- change

    def test_folder(self):
        path = self.root + "/a/b/c"
        answer = self.daemon.post("/files/folder", path=path)
        self.assertEqual((answer.status, answer.body), (201, b""))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o755)
        self.assertEqual(os.stat(path).st_uid, USER)
        self.assertEqual(
            self.daemon.post("/files/folder", path=path).status, 201)
        answer = self.daemon.post("/files/folder", path=path + "/d", mode="700")
        self.assertEqual(answer.status, 201)
        self.assertEqual(os.stat(path + "/d").st_mode & 0o777, 0o700)
        for bad in ("9", "rwx", "0755x", "77777"):
            check_problem(self, self.daemon.post("/files/folder", path=path,
                                                 mode=bad),
                          400, "BAD_REQUEST", "mode must be octal")
        check_problem(self, self.daemon.post("/files/folder"), 400,
                      "BAD_REQUEST", "path is required")
        file = self.write("file")
        for target in (file, file + "/below"):
            check_problem(self, self.daemon.post("/files/folder", path=target),
                          400, "INVALID_FILE_PATH", "not a directory")
        check_problem(self, self.daemon.post("/files/folder",
                                             path=self.secret + "/x"),
                      403, "FILE_ACCESS_DENIED")

    def test_delete(self):
        file = self.write("file")
        answer = self.daemon.delete("/files", path=file)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertNotIn("Content-Length", answer.headers)
        self.assertFalse(os.path.exists(file))
        check_problem(self, self.daemon.delete("/files", path=file), 404,
                      "FILE_NOT_FOUND")

    def test_delete_of_directories(self):
        self.write("tree/a/b/file")
        kept = self.write("kept")
        os.symlink("../kept", self.root + "/tree/link")
        os.symlink("tree", self.root + "/alias")
        tree = self.root + "/tree"
        for recursive in ({}, {"recursive": "false"}):
            check_problem(self, self.daemon.delete("/files", path=tree,
                                                   **recursive),
                          400, "INVALID_FILE_PATH", "recursive=true")
        self.assertEqual(self.daemon.delete(
            "/files", path=self.root + "/alias").status, 204)
        self.assertTrue(os.path.exists(tree))
        self.assertEqual(self.daemon.delete("/files", path=tree + "/",
                                            recursive="true").status, 204)
        self.assertFalse(os.path.exists(tree))
        self.assertTrue(os.path.exists(kept))
        check_problem(self, self.daemon.delete("/files", path=kept,
                                               recursive="maybe"),
                      400, "BAD_REQUEST", "recursive")

    def test_delete_what_is_not_the_user_s(self):
        check_problem(self, self.daemon.delete("/files", path=self.owned),
                      403, "FILE_ACCESS_DENIED")
        check_problem(self, self.daemon.delete("/files", path=self.secret,
                                               recursive="true"),
                      403, "FILE_ACCESS_DENIED")
        self.assertTrue(os.path.exists(self.secret + "/key"))
        for root in ("/", "/.", "//", "/usr/.."):
            check_problem(self, self.daemon.delete("/files", path=root,
                                                   recursive="true"),
                          400, "INVALID_FILE_PATH", "root directory")

    def test_delete_of_a_deep_tree(self):
        path = self.root
        for _ in range(300):
            path += "/d"
        os.makedirs(path)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", self.root],
                       check=True)
        self.assertEqual(self.daemon.delete("/files", path=self.root + "/d",
                                            recursive="true").status, 204)
        self.assertEqual(os.listdir(self.root), [])

    def test_move(self):
        source = self.write("a", "content")
        target = self.root + "/b"
        answer = self.daemon.post("/files/move", source=source,
                                  destination=target)
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertFalse(os.path.exists(source))
        with open(target) as text:
            self.assertEqual(text.read(), "content")

    def test_move_refusals(self):
        source = self.write("a")
        other = self.write("dir/b")
        move = lambda **query: self.daemon.post("/files/move", **query)
        for taken in (other, self.root + "/dir"):
            check_problem(self, move(source=source, destination=taken), 409,
                          "CONFLICT", "already exists")
        check_problem(self, move(source=self.root + "/no", destination=other),
                      404, "FILE_NOT_FOUND", "/no")
        check_problem(self, move(source=source,
                                 destination=self.root + "/no/b"),
                      404, "FILE_NOT_FOUND")
        check_problem(self, move(source=source,
                                 destination=self.secret + "/b"),
                      403, "FILE_ACCESS_DENIED")
        check_problem(self, move(source=self.root + "/dir",
                                 destination=self.root + "/dir/in"),
                      400, "INVALID_FILE_PATH")
        check_problem(self, move(source=source), 400, "BAD_REQUEST",
                      "destination is required")
        check_problem(self, move(destination=source), 400, "BAD_REQUEST",
                      "source is required")

    def test_move_to_another_file_system(self):
        self.write("tree/sub/file", "content", 0o640)
        os.symlink("sub/file", self.root + "/tree/link")
        os.utime(self.root + "/tree/sub/file", ns=(0, 10**18))
        target = f"/dev/shm/varve-toolbox-test-{os.getpid()}"
        self.addCleanup(subprocess.run, ["rm", "-rf", target])
        self.assertNotEqual(os.stat("/dev/shm").st_dev,
                            os.stat(self.root).st_dev)
        answer = self.daemon.post("/files/move", source=self.root + "/tree",
                                  destination=target)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertFalse(os.path.exists(self.root + "/tree"))
        self.assertEqual(os.readlink(target + "/link"), "sub/file")
        info = os.stat(target + "/sub/file")
        self.assertEqual((info.st_mode & 0o777, info.st_mtime_ns, info.st_uid),
                         (0o640, 10**18, USER))
        with open(target + "/link") as text:
            self.assertEqual(text.read(), "content")

    def test_what_is_moved_to_another_file_system_stays_what_it_is(self):
        source = self.root + "/tree"
        target = f"/dev/shm/varve-toolbox-test-kinds-{os.getpid()}"
        self.addCleanup(subprocess.run, ["rm", "-rf", target])
        os.mkdir(source)
        with open(source + "/sparse", "wb") as file:
            file.truncate(1 << 30)
            file.seek(512 << 20)
            file.write(b"middle")
        os.mkfifo(source + "/fifo", 0o640)
        os.mknod(source + "/socket", stat.S_IFSOCK | 0o644)
        os.chown(source + "/fifo", 1234, 4321)
        os.symlink("nowhere", source + "/link")
        os.lchown(source + "/link", 1234, 4321)
        with Daemon({"user": "root"}) as as_root:
            answer = as_root.post("/files/move", source=source,
                                  destination=target)
        self.assertEqual(answer.status, 200, answer.text)
        info = os.stat(target + "/sparse")
        self.assertEqual(info.st_size, 1 << 30)
        self.assertLess(info.st_blocks * 512, 1 << 20)
        with open(target + "/sparse", "rb") as file:
            file.seek(512 << 20)
            self.assertEqual(file.read(6), b"middle")
        self.assertTrue(stat.S_ISSOCK(os.stat(target + "/socket").st_mode))
        for name in ("fifo", "link"):
            info = os.lstat(f"{target}/{name}")
            self.assertEqual((info.st_uid, info.st_gid), (1234, 4321), name)

    def test_permissions(self):
        path = self.write("a")
        change = lambda **query: self.daemon.post("/files/permissions",
                                                  path=path, **query)
        answer = change(mode="0600", owner="nobody", group="65534")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o600)
        self.assertEqual(change(mode="4755").status, 200)
        self.assertEqual(os.stat(path).st_mode & 0o7777, 0o755)
        check_problem(self, change(mode="888"), 400, "BAD_REQUEST", "octal")
        check_problem(self, change(owner="no-such"), 400, "BAD_REQUEST",
                      "unknown user: no-such")
        check_problem(self, change(group="no-such"), 400, "BAD_REQUEST",
                      "unknown group: no-such")
        check_problem(self, change(owner="root"), 403, "FILE_ACCESS_DENIED")
        check_problem(self, self.daemon.post("/files/permissions",
                                             path=path + "x", mode="600"),
                      404, "FILE_NOT_FOUND")
        check_problem(self, self.daemon.post("/files/permissions",
                                             path=self.owned, mode="600"),
                      403, "FILE_ACCESS_DENIED")

    # -- search

    def test_find(self):
        self.write("a.txt", "one\ntwo needle\r\nthree needle needle")
        self.write("sub/b.txt", "needle ü \xff")
        self.write("binary", b"needle\0needle")
        self.write("late", b"needle first\n" + b"x" * 70000 + b"\nneedle\n")
        self.write("secret", "needle", 0o000, 0)
        os.mkfifo(self.root + "/fifo")
        os.symlink("a.txt", self.root + "/link")
        found = self.daemon.get("/files/find", path=self.root,
                                pattern="needle").json
        shown = [(one["file"][len(self.root):], one["line"], one["content"])
                 for one in found]
        self.assertEqual(shown, [
            ("/a.txt", 2, "two needle"), ("/a.txt", 3, "three needle needle"),
            ("/late", 1, "needle first"), ("/link", 2, "two needle"),
            ("/link", 3, "three needle needle"),
            ("/sub/b.txt", 1, "needle ü ÿ")])

    def test_find_is_literal_and_takes_a_file(self):
        path = self.write("a", "a.c\nabc\n[x]*\n")
        find = lambda pattern: [one["line"] for one in self.daemon.get(
            "/files/find", path=path, pattern=pattern).json]
        self.assertEqual(find("a.c"), [1])
        self.assertEqual(find("[x]*"), [3])
        self.assertEqual(find("none"), [])

    def test_find_and_search_of_a_missing_root_are_empty(self):
        missing = self.root + "/missing"
        self.assertEqual(self.daemon.get("/files/find", path=missing,
                                         pattern="x").json, [])
        self.assertEqual(self.daemon.get("/files/search", path=missing,
                                         pattern="x").json, {"files": []})
        for path in ("/files/find", "/files/search"):
            check_problem(self, self.daemon.get(path, path="/"), 400,
                          "BAD_REQUEST", "pattern is required")
            check_problem(self, self.daemon.get(path, pattern="x"), 400,
                          "BAD_REQUEST", "path is required")

    def test_search(self):
        for name in ("a.py", "b.txt", "sub/c.py", "sub/deep/d.py", "x.py/e"):
            self.write(name)
        search = lambda pattern, path=None: self.daemon.get(
            "/files/search", path=path or self.root, pattern=pattern)
        shown = [one[len(self.root):] for one in search("*.py").json["files"]]
        self.assertEqual(shown, ["/a.py", "/sub/c.py", "/sub/deep/d.py",
                                 "/x.py"])
        self.assertEqual(search("[ab].*").json["files"],
                         [self.root + "/a.py", self.root + "/b.txt"])
        name = os.path.basename(self.root)
        self.assertEqual(search("c.py", name).json["files"],
                         [name + "/sub/c.py"])
        self.assertIn(name + "/sub/c.py", search("c.py", ".").json["files"])
        for bad in ("[", "[a-", "a\\", "[]", "[z-a]"):
            check_problem(self, search(bad), 400, "BAD_REQUEST",
                          "pattern is malformed")

    def test_replace(self):
        one = self.write("one", "aXbXc", 0o640)
        two = self.write("two", "nothing")
        inode = os.stat(one).st_ino
        os.symlink("one", self.root + "/link")
        answer = self.daemon.post("/files/replace", {
            "files": [self.root + "/link", two, self.root + "/missing",
                      self.root, self.owned, ""],
            "pattern": "X", "newValue": "--"})
        self.assertEqual(answer.status, 200)
        done = answer.json
        self.assertEqual([one["success"] for one in done],
                         [True, True, False, False, False, False])
        self.assertNotIn("error", done[0])
        self.assertIn("file not found", done[2]["error"])
        self.assertIn("directory", done[3]["error"])
        self.assertIn("permission denied", done[4]["error"])
        with open(one) as text:
            self.assertEqual(text.read(), "a--b--c")
        self.assertEqual((os.stat(one).st_ino, os.stat(one).st_mode & 0o777),
                         (inode, 0o640))

    def test_replace_by_nothing_and_bad_bodies(self):
        path = self.write("a", "x.y.z")
        body = {"files": [path], "pattern": ".", "newValue": ""}
        self.assertEqual(self.daemon.post("/files/replace", body).json,
                         [{"file": path, "success": True}])
        with open(path) as text:
            self.assertEqual(text.read(), "xyz")
        for change in ({"newValue": None}, {"pattern": ""}, {"files": []},
                       {"files": "a"}, {"files": [1]}, {"pattern": 5}):
            check_problem(self, self.daemon.post("/files/replace",
                                                 {**body, **change}),
                          400, "BAD_REQUEST")


if __name__ == "__main__":
    unittest.main()
