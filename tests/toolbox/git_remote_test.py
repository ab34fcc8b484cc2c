"""Git with a remote: clone, push, pull, logins, certificates, limits."""

import json
import os
import shutil
import subprocess
import threading
import time
import unittest

from daemon import USER, Daemon, check_problem, wait_until
from git_case import GIVEN, LOGIN, GitCase, git, record
from harness.git_server import GitServer


def holding(secret, folder):
    """The files below a folder that hold it."""
    found = []
    for root, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(root, name), "rb") as file:
                if secret.encode() in file.read():
                    found.append(os.path.join(root, name))
    return found


class Clone(GitCase):
    def test_a_clone_is_of_one_branch(self):
        path = self.clone()
        self.assertEqual(self.read("r", "file.txt"), "two")
        self.assertEqual(self.read("r", "dir/other.txt"), "three")
        self.assertEqual(os.stat(path + "/file.txt").st_uid, USER)
        status = self.ask("status", "r")
        self.assertEqual(status, {
            "currentBranch": "main", "detached": False,
            "upstream": "origin/main", "branchPublished": True, "ahead": 0,
            "behind": 0, "fileStatus": []})
        self.assertEqual(git(path, "branch", "-a", "--format=%(refname)"),
                         "refs/heads/main\nrefs/remotes/origin/main")
        self.assertEqual(git(path, "fsck"), "")
        self.assertEqual(git(path, "status", "--porcelain"), "")

    def test_a_branch_a_tag_and_a_commit(self):
        self.clone("side", branch="side")
        self.assertEqual(self.read("side", "file.txt"), "aside")
        self.clone("tag", branch="v1")
        self.assertEqual(self.ask("status", "tag")["detached"], True)
        self.assertEqual(self.head("tag"), self.ids[0])
        self.clone("past", commit_id=self.ids[0])
        status = self.ask("status", "past")
        self.assertEqual((status["currentBranch"], status["detached"]),
                         ("HEAD", True))
        self.assertEqual(self.read("past", "file.txt"), "one")
        self.assertEqual(self.ask("branches", "past"),
                         {"branches": ["main"], "current": ""})

    def test_a_shallow_clone_lives_on(self):
        path = self.clone(depth=1)
        self.assertEqual(git(path, "rev-list", "--count", "HEAD"), "1")
        self.assertEqual(git(path, "fsck"), "")
        self.assertEqual([one["hash"] for one in self.ask("history", "r")],
                         [self.ids[2]])
        # It can be pushed from, and pulled into.
        made = self.commit("r", "new.txt", "new")
        self.call("push", {"path": path})
        self.assertEqual(git(self.folder + "/project.git", "rev-parse",
                             "main"), made)
        self.clone("whole")
        self.commit("whole", "more.txt", "more")
        self.call("push", {"path": self.path("whole")})
        self.call("pull", {"path": path})
        self.assertEqual(self.read("r", "more.txt"), "more")
        self.assertEqual(len(self.ask("history", "r")), 3)
        self.assertEqual(git(path, "fsck"), "")
        git(self.folder + "/project.git", "update-ref", "refs/heads/main",
            self.ids[2])

    def test_a_shallow_clone_of_a_commit(self):
        git(self.folder + "/project.git", "config",
            "uploadpack.allowReachableSHA1InWant", "true")
        self.clone(depth=1, commit_id=self.ids[0])
        self.assertEqual(self.read("r", "file.txt"), "one")
        self.assertEqual(len(self.ask("history", "r")), 1)

    def test_what_is_not_there(self):
        for body, code in (
                ({"url": self.server.url("none.git")}, "GIT_REPO_NOT_FOUND"),
                ({"url": self.url, "branch": "none"}, "GIT_BRANCH_NOT_FOUND"),
                ({"url": self.url, "commit_id": "1" * 40}, "NOT_FOUND"),
                ({"url": self.folder + "/none"}, None)):
            body["path"] = self.path("r")
            answer = self.daemon.post("/git/clone", body)
            self.assertEqual(answer.status, 404, answer.text)
            if code:
                self.assertEqual(answer.json["code"], code)
            self.assertFalse(os.path.exists(self.path("r")))

    def test_a_remote_that_moved(self):
        moved = self.server.url("moved/project.git")
        away = self.server.url(f"away/{self.server.port}/project.git")
        self.clone("here", url=moved)
        self.clone("there", url=away)
        # A login is for the host that the caller named.
        self.clone("known", url=moved, **GIVEN)
        with GitServer(self.folder, LOGIN) as other:
            self.refused("clone", {
                "url": self.server.url(f"away/{other.port}/project.git"),
                "path": self.path("r"), **GIVEN}, 502, "GIT_TRANSPORT_FAILED",
                "redirect")
            self.assertEqual(other.requests, [])

    def test_an_empty_remote_and_a_local_one(self):
        git(self.work, "init", "-q", "--bare", "-b", "main",
            self.folder + "/empty.git")
        self.call("clone", {"url": self.server.url("empty.git"),
                            "path": self.path("r")})
        made = self.commit("r", "a", "1")
        branch = self.ask("status", "r")["currentBranch"]
        self.call("push", {"path": self.path("r"), "set_upstream": True})
        self.assertEqual(git(self.folder + "/empty.git", "rev-parse", branch),
                         made)
        self.call("clone", {"url": self.path("r"), "path": self.path("c")})
        self.assertEqual(self.read("c", "a"), "1")

    def test_a_path_that_is_taken(self):
        os.makedirs(self.path("r"))
        os.chown(self.path("r"), USER, USER)
        self.clone()  # empty: fine
        self.refused("clone", {"url": self.url, "path": self.path("r")}, 409,
                     "CONFLICT", "no empty directory")
        self.assertEqual(self.read("r", "file.txt"), "two")
        self.refused("clone", {"url": self.url, "path": "/root/x"}, 403,
                     "FILE_ACCESS_DENIED")

    def test_bad_requests(self):
        good = {"url": self.url, "path": self.path("r")}
        for change in ({"url": ""}, {"path": None}, {"url": 5},
                       {"depth": -1}, {"depth": "1"}, {"branch": []},
                       {"insecure_skip_tls": "yes"}, {"path": "a\0b"}):
            self.refused("clone", {**good, **change}, 400,
                         "INVALID_REQUEST_BODY")
        for url in ("ssh://host/x", "git@host:x", "ext::sh -c id", "ftp://h/x",
                    "https:///x", "http://h/\nx"):
            self.refused("clone", {**good, "url": url}, 400, "BAD_REQUEST")
        for body in (b"", b"[]", b"{", b'"x"'):
            check_problem(self, self.daemon.post("/git/clone", body), 400,
                          "INVALID_REQUEST_BODY")

    def test_nobody_listens(self):
        self.refused("clone", {"url": "http://127.0.0.1:1/x.git",
                               "path": self.path("r")}, 502,
                     "GIT_TRANSPORT_FAILED")
        self.refused("clone", {"url": "http://no.such.invalid/x.git",
                               "path": self.path("r")}, 502,
                     "GIT_TRANSPORT_FAILED")

    def test_a_malicious_tree_is_refused(self):
        bare = self.folder + "/evil.git"
        git(self.folder, "init", "-q", "--bare", "-b", "main", bare)
        blob = git(bare, "hash-object", "-w", "--stdin", text="#!/bin/sh\n")
        for name in (".git", ".GIT", "git~1", ".."):
            inner = git(bare, "mktree", text=f"100755 blob {blob}\thook\n")
            top = git(bare, "mktree", text=f"040000 tree {inner}\t{name}\n")
            git(bare, "update-ref", "refs/heads/main",
                git(bare, "commit-tree", "-m", "evil", top))
            with self.subTest(name):
                self.refused("clone", {"url": self.server.url("evil.git"),
                                       "path": self.path("r")}, 422,
                             "UNPROCESSABLE_ENTITY")
                self.assertEqual(os.listdir(self.work), [])

    def test_a_link_in_a_tree_leads_nowhere(self):
        seed, bare = self.path("seed"), self.folder + "/links.git"
        git(self.work, "init", "-q", "-b", "main", seed)
        os.symlink(self.path("outside"), seed + "/link")
        git(seed, "add", "-A")
        git(seed, "commit", "-q", "-m", "link")
        os.unlink(seed + "/link")
        record(seed, "link/file", "planted")
        git(seed, "checkout", "-q", "HEAD~1")
        shutil.copytree(seed + "/.git", bare)
        git(bare, "config", "core.bare", "true")
        os.mkdir(self.path("outside"))
        os.chmod(self.path("outside"), 0o777)
        self.call("clone", {"url": self.server.url("links.git"),
                            "path": self.path("r"), "branch": "main"})
        self.call("checkout", {"path": self.path("r"),
                               "branch": git(bare, "rev-parse", "main~1")})
        self.call("checkout", {"path": self.path("r"), "branch": "main"})
        self.assertEqual(self.read("r", "link/file"), "planted")
        self.assertEqual(os.listdir(self.path("outside")), [])


class Login(GitCase):
    login = LOGIN

    def test_credentials(self):
        body = {"url": self.url, "path": self.path("r")}
        self.refused("clone", body, 401, "GIT_AUTH_FAILED", "asks for")
        self.refused("clone", {**body, **GIVEN, "password": "wrong"}, 401,
                     "GIT_AUTH_FAILED", "refused")
        # One alone is none.
        self.refused("clone", {**body, "username": LOGIN[0]}, 401,
                     "GIT_AUTH_FAILED")
        self.assertFalse(os.path.exists(self.path("r")))
        self.clone(**GIVEN)
        self.refused("push", {"path": self.path("r"), **GIVEN,
                              "password": "wrong"}, 401, "GIT_AUTH_FAILED")
        self.refused("pull", {"path": self.path("r")}, 401, "GIT_AUTH_FAILED")
        self.call("pull", {"path": self.path("r"), **GIVEN})
        self.assertEqual(holding(LOGIN[1], self.work), [])
        self.assertEqual(holding(LOGIN[1], self.home), [])
        self.assertNotIn(LOGIN[1], self.daemon.logged())

    def test_credentials_of_a_url_are_not_written_down(self):
        url = self.url.replace("://", "://ada:s3cret%2F%40%3A@")
        self.call("clone", {"url": url, "path": self.path("r")})
        self.assertEqual(self.ask("remotes", "r"),
                         {"remotes": [{"name": "origin", "url": self.url}]})
        self.assertEqual(holding("s3cret", self.work), [])
        self.refused("remotes", {"path": self.path("r"), "name": "x",
                                 "url": url}, 400, "BAD_REQUEST",
                     "/git/credentials")

    def test_a_repository_nobody_may_read(self):
        self.refused("clone", {"url": self.server.url("denied/x.git"),
                               "path": self.path("r"), **GIVEN}, 403,
                     "FORBIDDEN")

    def test_stored_credentials(self):
        with Daemon({"env": {"HOME": self.work}}) as daemon:
            host = self.url.split("/")[2]
            for login in ("other", *LOGIN[:1]):
                answer = daemon.post("/git/credentials", {
                    "username": login, "password": LOGIN[1], "host": host,
                    "protocol": "http"})
                self.assertEqual(answer.status, 200, answer.text)
            self.assertEqual(os.stat(self.path(".git-credentials")).st_mode
                             & 0o777, 0o600)
            self.assertEqual(len(self.read(".git-credentials").splitlines()),
                             2)
            answer = daemon.post("/git/clone", {"url": self.url,
                                                "path": self.path("r")})
            self.assertEqual(answer.status, 200, answer.text)
            # git itself takes them too.
            self.assertIn("main", git_at_home(self.work, "ls-remote",
                                              self.url))
            for wrong in ({"host": "a/b"}, {"protocol": "ssh"},
                          {"password": ""}, {"host": "a\nb"}):
                answer = daemon.post("/git/credentials", {
                    "username": "u", "password": "p", **wrong})
                check_problem(self, answer, 400, "INVALID_REQUEST_BODY")


def git_at_home(home, *arguments):
    return subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "HOME": home,
             "GIT_TERMINAL_PROMPT": "0"}).stdout


class PushAndPull(GitCase):
    login = LOGIN

    def test_both_ways(self):
        mine, theirs = self.clone("mine", **GIVEN), self.clone("theirs",
                                                               **GIVEN)
        made = self.commit("mine", "mine.txt", "1")
        self.assertEqual(self.ask("status", "mine")["ahead"], 1)
        self.call("push", {"path": mine, **GIVEN})
        self.call("push", {"path": mine, **GIVEN})  # nothing to do is fine
        self.assertEqual(self.ask("status", "mine")["ahead"], 0)
        self.call("pull", {"path": theirs, **GIVEN})
        self.call("pull", {"path": theirs, **GIVEN})
        self.assertEqual(self.head("theirs"), made)
        self.assertEqual(self.read("theirs", "mine.txt"), "1")
        # Diverged: nothing moves.
        self.commit("mine", "more.txt", "2")
        self.call("push", {"path": mine, **GIVEN})
        own = self.commit("theirs", "own.txt", "3")
        self.refused("push", {"path": theirs, **GIVEN}, 409,
                     "GIT_PUSH_REJECTED")
        self.refused("pull", {"path": theirs, **GIVEN}, 409,
                     "GIT_MERGE_CONFLICT", "diverged")
        self.assertEqual(self.head("theirs"), own)
        status = self.ask("status", "theirs")
        self.assertEqual((status["ahead"], status["behind"]), (1, 1))

    def test_a_pull_spares_local_changes(self):
        mine, theirs = self.clone("mine", **GIVEN), self.clone("theirs",
                                                               **GIVEN)
        self.commit("mine", "file.txt", "newer")
        self.call("push", {"path": mine, **GIVEN})
        before = self.head("theirs")
        self.write("theirs", "file.txt", "edited")
        self.refused("pull", {"path": theirs, **GIVEN}, 409,
                     "GIT_DIRTY_WORKTREE", "file.txt")
        self.assertEqual(self.head("theirs"), before)
        self.assertEqual(self.read("theirs", "file.txt"), "edited")

    def test_a_new_branch_is_published(self):
        path = self.clone(**GIVEN)
        self.call("branches", {"path": path, "name": "topic"}, 201)
        self.commit("r", "t", "1")
        status = self.ask("status", "r")
        self.assertEqual((status["branchPublished"], status["upstream"]),
                         (False, ""))
        self.call("push", {"path": path, **GIVEN, "set_upstream": True})
        status = self.ask("status", "r")
        self.assertEqual((status["branchPublished"], status["upstream"],
                          status["ahead"]), (True, "origin/topic", 0))
        self.refused("push", {"path": path, "branch": "none"}, 404,
                     "GIT_BRANCH_NOT_FOUND")
        self.refused("push", {"path": path, "remote": "none"}, 404,
                     "NOT_FOUND")
        self.refused("pull", {"path": path, "branch": "none", **GIVEN}, 404,
                     "GIT_BRANCH_NOT_FOUND")

    def test_a_hook_of_the_remote_refuses(self):
        bare = self.folder + "/hooked.git"
        git(self.folder, "clone", "-q", "--bare",
            self.folder + "/project.git", bare)
        with open(bare + "/hooks/update", "w") as hook:
            hook.write("#!/bin/sh\nexit 1\n")
        os.chmod(bare + "/hooks/update", 0o755)
        self.call("clone", {"url": self.server.url("hooked.git"),
                            "path": self.path("r"), **GIVEN})
        self.commit("r", "x", "1")
        self.refused("push", {"path": self.path("r"), **GIVEN}, 422,
                     "GIT_REMOTE_REJECTED", "hook")
        self.assertEqual(self.ask("status", "r")["ahead"], 1)

    def test_remotes(self):
        path = self.fresh()
        add = {"path": path, "name": "origin", "url": self.url}
        self.call("remotes", {**add, "url": "http://127.0.0.1:1/x"}, 201)
        self.refused("remotes", add, 409, "CONFLICT")
        self.call("remotes", {**add, "overwrite": True}, 201)
        self.assertEqual(self.ask("remotes", "r"),
                         {"remotes": [{"name": "origin", "url": self.url}]})
        self.refused("remotes", {**add, "name": "a b"}, 400, "BAD_REQUEST")
        self.refused("remotes", {**add, "overwrite": True, "fetch": True},
                     401, "GIT_AUTH_FAILED")
        self.call("pull", {"path": path, **GIVEN})
        self.assertEqual(self.read("r", "dir/other.txt"), "three")


class Tls(GitCase):
    tls = True

    def test_a_certificate_nobody_trusts(self):
        body = {"url": self.url, "path": self.path("r")}
        self.refused("clone", body, 502, "GIT_TRANSPORT_FAILED",
                     "certificate")
        self.assertFalse(os.path.exists(self.path("r")))
        self.call("clone", {**body, "insecure_skip_tls": True})
        # Only for that clone.
        self.refused("pull", {"path": self.path("r")}, 502,
                     "GIT_TRANSPORT_FAILED")
        self.call("config", {"path": self.path("r"), "scope": "local",
                             "key": "http.sslVerify", "value": "false"})
        self.call("pull", {"path": self.path("r")})

    def test_a_bundle_of_ones_own(self):
        url = self.server.url("project.git", host="localhost")
        for name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO"):
            with Daemon({"env": {"HOME": self.home, name:
                                 self.server.certificate}}) as daemon:
                answer = daemon.post("/git/clone", {"url": url, "path": "r"})
                self.assertEqual(answer.status, 200, answer.text)
        with Daemon({"env": {"SSL_CERT_FILE": "/none"}}) as daemon:
            check_problem(self, daemon.post("/git/clone", {
                "url": url, "path": "r"}), 400, "BAD_REQUEST", "/none")


class Limits(GitCase):
    def setUp(self):
        super().setUp()
        self.silent = GitServer(self.folder)
        self.silent.hangs.set()
        self.enterContext(self.silent)

    def body(self, name="r"):
        return {"url": self.silent.url("project.git"),
                "path": self.path(name)}

    def test_a_remote_that_falls_silent(self):
        with Daemon({"env": {"HOME": self.work}}) as daemon:
            daemon.post("/git/config", {"key": "http.lowSpeedTime",
                                        "value": "1"})
            start = time.monotonic()
            answer = daemon.post("/git/clone", self.body())
            check_problem(self, answer, 502, "GIT_TRANSPORT_FAILED", "silent")
            self.assertLess(time.monotonic() - start, 10)
            self.assertFalse(os.path.exists(self.path("r")))

    def test_a_client_that_goes_away_ends_it(self):
        connection = self.daemon.connection()
        connection.request("POST", "/git/clone", json.dumps(self.body()))
        self.assertTrue(wait_until(lambda: self.silent.requests))
        self.assertTrue(os.path.exists(self.path("r")))
        connection.close()
        self.assertTrue(wait_until(
            lambda: not os.path.exists(self.path("r"))))

    def test_slow_clones_block_nothing_else(self):
        done = []
        threads = [threading.Thread(target=lambda n=n: done.append(
            self.daemon.post("/git/clone", self.body(f"r{n}")).status))
            for n in range(20)]
        for one in threads:
            one.start()
        self.assertTrue(wait_until(lambda: len(self.silent.requests) >= 16))
        start = time.monotonic()
        self.assertEqual(self.daemon.get("/files", path=self.work).status, 200)
        self.assertEqual(self.daemon.get("/version").status, 200)
        self.assertLess(time.monotonic() - start, 5)
        self.silent.hangs.clear()
        self.silent.released.set()
        for one in threads:
            one.join(120)
        self.assertEqual(done, [200] * 20)
        self.assertLess(int(self.daemon.status_field("VmHWM").split()[0]),
                        32 << 10)


if __name__ == "__main__":
    unittest.main()
