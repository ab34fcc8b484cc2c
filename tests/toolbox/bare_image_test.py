"""Images with nothing but a shell, and with nothing at all, as PID 1."""

import os
import shutil
import tempfile
import unittest

from daemon import (BINARY, Daemon, check_problem, form, form_header,
                    wait_until)

BUSYBOX = shutil.which("busybox")

# Its own mount namespace: what is mounted goes with the last process.
ENTER = """
mount --make-rprivate /
mkdir -p "$1/proc"
mount -t proc proc "$1/proc"
root=$1
shift 2
exec chroot "$root" /.toolbox "$@"
"""


class Image:
    """A root file system in a directory, with the toolbox as its PID 1."""

    def __init__(self, files=(), shell=False, fifos=(), config=None):
        self.files = dict(files)
        self.shell = shell
        self.fifos = fifos
        self.config = {"user": "daytona", "workdir": "", **(config or {})}

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="varve-toolbox-image-")
        os.chmod(self.root, 0o755)
        self.daemon = Daemon(self.config, prefix=[
            "unshare", "--pid", "--fork", "--kill-child", "--mount",
            "sh", "-ec", ENTER, "sh", self.root])
        try:
            self.fill()
            self.daemon.__enter__()
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise
        return self

    def fill(self):
        shutil.copy(BINARY, self.root + "/.toolbox")
        if self.shell:
            os.makedirs(self.root + "/bin")
            shutil.copy(BUSYBOX, self.root + "/bin/busybox")
            os.symlink("busybox", self.root + "/bin/sh")
        for path, text in self.files.items():
            full = self.root + path
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as file:
                file.write(text)
        for path in self.fifos:
            os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
            os.mkfifo(self.root + path)

    def __exit__(self, *_):
        self.daemon.__exit__()
        shutil.rmtree(self.root)


PASSWD = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\n"
                         "daytona:x:1000:1000::/home/daytona:/bin/sh\n",
          "/etc/group": "root:x:0:\ndaytona:x:1000:\nextra:x:2000:a,daytona\n"}


class NothingButAShell(unittest.TestCase):
    def test_a_shell_is_enough(self):
        with Image(PASSWD, shell=True) as image:
            daemon = image.daemon
            told = daemon.output("echo $HOME $USER; busybox id -u; "
                                 "busybox id -G; pwd")
            self.assertEqual(told.splitlines(),
                             ["/home/daytona daytona", "1000", "1000 2000",
                              "/"])
            self.assertEqual(daemon.execute("cat; exit 4"),
                             {"exitCode": 4, "result": ""})
            done = daemon.execute(": " + "x" * 1_000_000 + "\necho long")
            self.assertEqual(done["result"], "long\n")

    def test_a_session_needs_nothing_more(self):
        with Image(PASSWD, shell=True) as image:
            daemon = image.daemon
            path = "/process/session"
            made = daemon.post(path, {"sessionId": "s"})
            self.assertEqual(made.status, 201, made.text)

            def run(text):
                answer = daemon.post(f"{path}/s/exec", {"command": text},
                                     {"X-Daytona-SDK-Version": "0.190.0"})
                self.assertEqual(answer.status, 200, answer.text)
                return answer.json

            self.assertEqual(run("cd /bin; A='b c'; echo a; echo e >&2; "
                                 "cat")["output"], "a\ne\n")
            for text in ("if then", "echo 'open", ")"):
                done = run(text)
                self.assertNotEqual(done["exitCode"], 0)
                self.assertNotEqual(done["stderr"], "")
            self.assertEqual(run("pwd; echo $A")["stdout"], "/bin\nb c\n")
            self.assertEqual(run("exit 5")["exitCode"], 5)
            self.assertEqual(daemon.delete(f"{path}/s").status, 204)

    def test_what_is_missing_is_named(self):
        with Image(PASSWD, shell=True) as image:
            for language, tool in (("python", "python3"),
                                   ("javascript", "node"),
                                   ("typescript", "node")):
                done = image.daemon.code_run(language, "1")
                self.assertEqual(done["exitCode"], 127)
                self.assertIn(f"no {tool}", done["result"])

    def test_the_home_is_the_work_directory_when_the_image_has_none(self):
        with Image({**PASSWD, "/home/daytona/.keep": ""}, shell=True,
                   config={"workdir": "/missing"}) as image:
            os.chown(image.root + "/home/daytona", 1000, 1000)
            self.assertEqual(image.daemon.get("/work-dir").json,
                             {"dir": "/home/daytona"})
            answer = image.daemon.post(
                "/files/upload", form([("file", "x", b"data")]),
                form_header(), path="a/b")
            self.assertEqual(answer.status, 200, answer.text)
            info = os.stat(image.root + "/home/daytona/a/b")
            self.assertEqual(info.st_uid, 1000)
            self.assertEqual(image.daemon.output("read x < a/b || echo $x"),
                             "data\n")

    def test_files_that_block_do_not_block_the_start_or_a_command(self):
        with Image(shell=True, fifos=("/etc/passwd", "/etc/group",
                                      "/etc/shells")) as image:
            told = image.daemon.get("/version").json
            self.assertEqual(told["user"], "root")
            self.assertIn("daytona", told["note"])
            self.assertEqual(image.daemon.output("echo ok"), "ok\n")

    def test_proc_is_not_entered_from_above(self):
        with Image(PASSWD, shell=True) as image:
            found = image.daemon.get("/files/search", path="/",
                                     pattern="[cs]*").json["files"]
            self.assertIn("/bin/sh", found)
            self.assertNotIn("/proc/cpuinfo", found)
            found = image.daemon.get("/files/search", path="/proc",
                                     pattern="cpuinfo").json["files"]
            self.assertEqual(found, ["/proc/cpuinfo"])

    def test_a_command_cannot_hold_what_it_left(self):
        with Image(PASSWD, shell=True) as image:
            for _ in range(20):
                image.daemon.output("(busybox sleep 0.1 &); :")
            told = lambda: image.daemon.output("busybox ps -o stat,comm")
            self.assertTrue(wait_until(
                lambda: "Z" not in told() and "sleep" not in told()))


class Nothing(unittest.TestCase):
    def test_an_empty_image_serves_files_and_says_what_it_lacks(self):
        with Image() as image:
            daemon = image.daemon
            told = daemon.get("/version").json
            self.assertEqual(told["user"], "root")
            self.assertIn("uid 0", told["note"])
            done = daemon.execute("echo hi")
            self.assertEqual(done["exitCode"], -1)
            self.assertIn("this image has no shell", done["result"])
            self.assertEqual(daemon.code_run("python", "1")["exitCode"], 127)
            self.assertEqual(daemon.get("/work-dir").json, {"dir": "/"})
            self.assertEqual(daemon.get("/user-home-dir").json, {"dir": "/"})

    def test_owners_are_numbers_where_the_image_names_nobody(self):
        with Image() as image:
            daemon = image.daemon
            daemon.post("/files/upload-v2", b"x", path="/f")
            change = lambda **query: daemon.post("/files/permissions",
                                                 path="/f", **query)
            self.assertEqual(change(owner="7", group="8", mode="0640").status,
                             200)
            told = daemon.get("/files/info", path="/f").json
            self.assertEqual((told["owner"], told["group"], told["mode"]),
                             ("7", "8", "-rw-r-----"))
            check_problem(self, change(owner="root"), 400, "BAD_REQUEST",
                          "unknown user: root")
            check_problem(self, change(group="4294967295"), 400,
                          "BAD_REQUEST", "unknown group")

    def test_links_depth_and_a_part_of_a_file(self):
        with Image() as image:
            daemon = image.daemon
            daemon.post("/files/folder", path="/a/b", mode="0700")
            daemon.post("/files/upload-v2", b"0123456789", path="/a/b/f")
            os.symlink("b/f", image.root + "/a/link")
            self.assertEqual(
                [one["path"] for one in
                 daemon.get("/files", path="/a", depth=2).json],
                ["/a/b", "/a/b/f", "/a/link"])
            part = daemon.call("GET", "/files/download", None,
                               {"Range": "bytes=-3"}, path="/a/link")
            self.assertEqual((part.status, part.body), (206, b"789"))
            head = daemon.call("HEAD", "/files/download", path="/a/link")
            self.assertEqual((head.status, head.headers["Content-Length"]),
                             (200, "10"))
            self.assertEqual(daemon.delete("/files", path="/a/link").status,
                             204)
            self.assertTrue(os.path.exists(image.root + "/a/b/f"))

    def test_every_kind_of_file_request(self):
        with Image() as image:
            daemon = image.daemon
            parts = [("files[0].path", None, b"/dir/a.txt"),
                     ("files[0].file", "a", b"one two\n")]
            self.assertEqual(daemon.post("/files/bulk-upload", form(parts),
                                         form_header()).status, 200)
            self.assertEqual(
                [one["name"] for one in daemon.get("/files", path="dir").json],
                ["a.txt"])
            self.assertEqual(daemon.get("/files/find", path="/dir",
                                        pattern="two").json,
                             [{"file": "/dir/a.txt", "line": 1,
                               "content": "one two"}])
            self.assertEqual(daemon.get("/files/search", path="dir",
                                        pattern="*.txt").json,
                             {"files": ["dir/a.txt"]})
            self.assertEqual(daemon.post("/files/replace", {
                "files": ["/dir/a.txt"], "pattern": "one", "newValue": "1"
            }).json, [{"file": "/dir/a.txt", "success": True}])
            self.assertEqual(daemon.post("/files/move", source="/dir",
                                         destination="/moved").status, 200)
            self.assertEqual(daemon.get("/files/download",
                                        path="/moved/a.txt").body, b"1 two\n")
            answer = daemon.post("/files/bulk-download",
                                 {"paths": ["/moved/a.txt"]})
            self.assertIn(b"1 two\n", answer.body)
            self.assertEqual(daemon.delete("/files", path="/moved",
                                           recursive="true").status, 204)
            check_problem(self, daemon.get("/files/info", path="/moved"), 404,
                          "FILE_NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
