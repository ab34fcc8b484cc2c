"""Git without a remote: states of files, commits, branches, undoing,
settings, and an image that has nothing but the toolbox."""

import os
import stat
import subprocess
import unittest

from daemon import Daemon, check_problem
from git_case import AUTHOR, SEED, GitCase, git, record

UNMERGED = "Updated but unmerged"


class States(GitCase):
    def test_every_state(self):
        path = self.fresh()
        for name in ("keep", "edit", "gone", "moved", "staged", "both"):
            self.write("r", name, f"text of {name}\n" * 9)
        self.call("add", {"path": path, "files": ["."]})
        self.call("commit", {"path": path, "message": "all", **AUTHOR})
        self.assertEqual(self.states(), [])
        self.write("r", "new dir/ü", "untracked")
        self.write("r", "edit", "edited")
        self.write("r", "staged", "staged")
        self.write("r", "both", "first")
        os.unlink(path + "/gone")
        os.rename(path + "/moved", path + "/renamed")
        self.write("r", "added", "added")
        self.call("add", {"path": path, "files": [
            "staged", "both", "moved", "renamed", "added"]})
        self.write("r", "both", "second")
        self.assertEqual(self.states(), [
            ("added", "Added", "Unmodified"),
            ("both", "Modified", "Modified"),
            ("edit", "Unmodified", "Modified"),
            ("gone", "Unmodified", "Deleted"),
            ("new dir/ü", "Untracked", "Untracked"),
            ("renamed", "Renamed", "Unmodified"),
            ("staged", "Modified", "Unmodified")])
        renamed = [one for one in self.ask("status", "r")["fileStatus"]
                   if one["name"] == "renamed"]
        self.assertEqual(renamed[0]["extra"], "moved")
        self.call("add", {"path": path, "files": ["gone"]})
        self.assertIn(("gone", "Deleted", "Unmodified"), self.states())

    def conflicted(self):
        path = self.fresh()
        self.commit("r", "f", "base")
        self.call("branches", {"path": path, "name": "other"}, 201)
        self.commit("r", "f", "theirs")
        self.call("checkout", {"path": path, "branch": "main"})
        self.commit("r", "f", "ours")
        os.chown(path, 0, 0)  # a merge by hand, as root
        subprocess.run(["git", "-C", path, "merge", "-q", "other"],
                       env={**os.environ, **SEED}, stdout=subprocess.DEVNULL,
                       check=False)
        self.write("r", "g", "x")
        return path

    def test_a_conflict_is_shown_and_resolved(self):
        path = self.conflicted()
        self.assertIn(("f", UNMERGED, UNMERGED), self.states())
        self.refused("commit", {"path": path, "message": "m", **AUTHOR}, 409,
                     "GIT_MERGE_CONFLICT")
        self.write("r", "f", "merged")
        self.call("add", {"path": path, "files": ["."]})
        self.call("commit", {"path": path, "message": "merge", **AUTHOR})
        self.assertEqual(git(path, "rev-list", "--count", "--merges", "HEAD"),
                         "1")
        self.assertEqual(self.states(), [])

    def test_a_repository_without_commits(self):
        path = self.fresh()
        status = self.ask("status", "r")
        self.assertEqual((status["currentBranch"], status["fileStatus"]),
                         ("main", []))
        self.assertEqual(self.ask("branches", "r"),
                         {"branches": [], "current": "main"})
        check_problem(self, self.daemon.get("/git/history", path=path), 404,
                      "NOT_FOUND", "no commits")
        self.refused("push", {"path": path}, 404, "NOT_FOUND", "no commits")
        self.call("branches", {"path": path, "name": "first"}, 201)
        self.assertEqual(self.ask("status", "r")["currentBranch"], "first")

    def test_where_there_is_no_repository(self):
        self.fresh()
        os.makedirs(self.path("r/below"))
        for path in (self.path("none"), self.path("r/below"), "/etc/passwd"):
            for what in ("status", "branches", "history", "remotes"):
                check_problem(self, self.daemon.get("/git/" + what,
                                                    path=path),
                              404, "GIT_REPO_NOT_FOUND")
            for what in ("add", "commit", "push", "pull", "reset",
                         "restore", "checkout", "branches"):
                self.refused(what, {"path": path, "files": ["x"],
                                    "message": "m", "branch": "b",
                                    "name": "n", **AUTHOR},
                             404, "GIT_REPO_NOT_FOUND")
        check_problem(self, self.daemon.get("/git/status"), 400,
                      "BAD_REQUEST", "path is required")

    def test_somebody_elses_repository(self):
        path = self.path("theirs")
        git(self.work, "init", "-q", "-b", "main", path)
        record(path, "f", "1")
        self.assertEqual(self.ask("status", "theirs")["fileStatus"], [])
        self.refused("commit", {"path": path, "message": "m",
                                "allow_empty": True, **AUTHOR}, 403,
                     "FORBIDDEN")

    def test_nothing_a_repository_names_is_run(self):
        path = self.fresh()
        trap = self.path("trapped")
        command = f"touch {trap}"
        for key in ("core.fsmonitor", "core.sshCommand", "core.pager",
                    "filter.x.clean", "filter.x.smudge", "core.editor",
                    "credential.helper", "diff.external"):
            self.call("config", {"path": path, "scope": "local", "key": key,
                                 "value": "!" + command})
        for hook in ("pre-commit", "post-commit", "post-checkout",
                     "commit-msg", "pre-push"):
            self.write("r", ".git/hooks/" + hook, f"#!/bin/sh\n{command}\n")
            os.chmod(f"{path}/.git/hooks/{hook}", 0o755)
        self.write("r", ".gitattributes", "* filter=x\n")
        self.commit("r", "f", "1")
        self.call("branches", {"path": path, "name": "b"}, 201)
        self.commit("r", "f", "2")
        self.call("checkout", {"path": path, "branch": "main"})
        self.ask("status", "r")
        self.assertFalse(os.path.exists(trap))


class Commits(GitCase):
    def test_a_commit_and_history(self):
        path = self.fresh()
        first = self.commit("r", "f", "1", "first\n\nwith <a> body")
        second = self.commit("r", "f", "2", "zweite ü")
        told = self.ask("history", "r")
        self.assertEqual([one["hash"] for one in told], [second, first])
        self.assertEqual(told[1]["message"], "first\n\nwith <a> body")
        self.assertEqual((told[0]["author"], told[0]["email"]),
                         ("Ada", "ada@example.test"))
        self.assertRegex(told[0]["timestamp"], r"^\d{4}-\d\d-\d\dT[\d:]+Z$")
        self.assertEqual(git(path, "fsck"), "")
        self.assertEqual(git(path, "log", "-1", "--format=%cn <%ce>"),
                         "Ada <ada@example.test>")

    def test_nothing_to_commit(self):
        path = self.fresh()
        body = {"path": path, "message": "m", **AUTHOR}
        self.refused("commit", body, 409, "CONFLICT", "nothing to commit")
        made = self.commit("r", "f", "1")
        self.refused("commit", body, 409, "CONFLICT", "nothing to commit")
        self.write("r", "f", "unstaged")
        self.refused("commit", body, 409, "CONFLICT")
        self.assertEqual(self.head(), made)
        self.call("commit", {**body, "allow_empty": True})
        self.assertNotEqual(self.head(), made)
        for change in ({"message": ""}, {"author": ""}, {"email": None},
                       {"allow_empty": 1}):
            self.refused("commit", {**body, **change}, 400,
                         "INVALID_REQUEST_BODY")

    def test_adding(self):
        path = self.fresh()
        self.write("r", ".gitignore", "ignored\n")
        for name in ("ignored", "[x]", "dir/a", "dir/b", "c.txt", "d.txt"):
            self.write("r", name, "1")
        add = {"path": path}
        self.refused("add", {**add, "files": ["ignored"]}, 400, "BAD_REQUEST",
                     "ignored")
        self.refused("add", {**add, "files": ["none"]}, 400, "BAD_REQUEST",
                     "none")
        self.refused("add", {**add, "files": ["../x"]}, 400, "BAD_REQUEST")
        self.refused("add", {**add, "files": ["/etc/passwd"]}, 400,
                     "BAD_REQUEST")
        self.refused("add", {**add, "files": [".git/config"]}, 400,
                     "BAD_REQUEST")
        self.refused("add", {**add, "files": []}, 400, "INVALID_REQUEST_BODY")
        self.assertEqual(git(path, "ls-files"), "")
        self.call("add", {**add, "files": ["[x]", "dir", "*.txt"]})
        self.assertEqual(git(path, "ls-files").split(),
                         ["[x]", "c.txt", "d.txt", "dir/a", "dir/b"])
        self.call("commit", {**add, "message": "m", **AUTHOR})
        os.unlink(path + "/dir/a")
        os.unlink(path + "/c.txt")
        self.call("add", {**add, "files": ["./dir/", path + "/c.txt"]})
        self.assertEqual(git(path, "ls-files").split(),
                         ["[x]", "d.txt", "dir/b"])
        os.chmod(path + "/d.txt", 0o755)
        self.call("add", {**add, "files": ["d.txt"]})
        self.assertTrue(git(path, "ls-files", "-s", "d.txt")
                        .startswith("100755"))


class Branches(GitCase):
    def test_branches(self):
        path = self.fresh()
        self.commit("r", "f", "1")
        self.write("r", "f", "kept while switching")
        body = {"path": path, "name": "feature/x"}
        self.call("branches", body, 201)
        self.assertEqual(self.read("r", "f"), "kept while switching")
        self.refused("branches", body, 409, "GIT_BRANCH_EXISTS")
        for bad in ("a..b", "-x", "a b", "x.lock", "HEAD"):
            self.refused("branches", {**body, "name": bad}, 400,
                         "BAD_REQUEST")
        self.assertEqual(self.ask("branches", "r"), {
            "branches": ["feature/x", "main"], "current": "feature/x"})
        answer = self.daemon.call("DELETE", "/git/branches", body)
        check_problem(self, answer, 409, "CONFLICT", "checked out")
        for name in ("main", "main", "never"):
            answer = self.daemon.call("DELETE", "/git/branches",
                                      {**body, "name": name})
            self.assertEqual((answer.status, answer.body), (204, b""))

    def test_checkout(self):
        path = self.fresh()
        first = self.commit("r", "f", "1")
        self.call("branches", {"path": path, "name": "side"}, 201)
        second = self.commit("r", "f", "2")
        to = {"path": path}
        self.write("r", "f", "dirty")
        self.refused("checkout", {**to, "branch": "main"}, 409,
                     "GIT_DIRTY_WORKTREE")
        status = self.ask("status", "r")
        self.assertEqual(status["currentBranch"], "side")
        self.assertEqual((self.head(), self.read("r", "f")),
                         (second, "dirty"))
        # Staged, it would still be lost.
        self.call("add", {**to, "files": ["f"]})
        self.refused("checkout", {**to, "branch": "main"}, 409,
                     "GIT_DIRTY_WORKTREE", "f")
        self.call("reset", {**to, "mode": "hard"})
        self.call("checkout", {**to, "branch": "main"})
        self.assertEqual((self.head(), self.read("r", "f")), (first, "1"))
        self.call("checkout", {**to, "branch": second[:10]})
        self.assertEqual(self.ask("status", "r")["detached"], True)
        self.refused("checkout", {**to, "branch": "nowhere"}, 404,
                     "GIT_BRANCH_NOT_FOUND", "nowhere")
        self.assertEqual(self.head(), second)

    def test_an_untracked_file_in_the_way(self):
        path = self.fresh()
        self.commit("r", "f", "1")
        self.call("branches", {"path": path, "name": "side"}, 201)
        self.commit("r", "g", "tracked")
        self.call("checkout", {"path": path, "branch": "main"})
        self.write("r", "g", "mine")
        self.refused("checkout", {"path": path, "branch": "side"}, 409,
                     "GIT_DIRTY_WORKTREE", "g")
        self.assertEqual(self.read("r", "g"), "mine")

    def test_a_branch_of_the_remote(self):
        path = self.clone()
        git(path, "config", "--replace-all", "remote.origin.fetch",
            "+refs/heads/*:refs/remotes/origin/*")
        self.call("remotes", {"path": path, "name": "origin", "url": self.url,
                              "overwrite": True, "fetch": True}, 201)
        self.call("checkout", {"path": path, "branch": "side"})
        self.assertEqual(self.read("r", "file.txt"), "aside")
        self.assertEqual(self.ask("status", "r")["upstream"], "origin/side")


class Undoing(GitCase):
    def three(self):
        path = self.fresh()
        ids = [self.commit("r", "f", text) for text in ("1", "2", "3")]
        return path, ids

    def test_reset(self):
        path, ids = self.three()
        to = {"path": path}
        self.call("reset", {**to, "mode": "soft", "target": "HEAD~1"})
        self.assertEqual(self.states(), [("f", "Modified", "Unmodified")])
        self.call("reset", to)
        self.assertEqual(self.states(), [("f", "Unmodified", "Modified")])
        self.call("reset", {**to, "mode": "hard", "target": ids[0]})
        self.assertEqual((self.head(), self.read("r", "f")), (ids[0], "1"))
        self.call("add", {**to, "files": ["."]})
        self.write("r", "g", "new")
        self.call("add", {**to, "files": ["g"]})
        self.call("reset", {**to, "files": ["g"]})
        self.assertEqual(self.states(), [("g", "Untracked", "Untracked")])
        for wrong in ({"mode": "weird"}, {"mode": "hard", "files": ["g"]}):
            self.refused("reset", {**to, **wrong}, 400,
                         "INVALID_REQUEST_BODY")
        self.refused("reset", {**to, "target": "nothing"}, 404, "NOT_FOUND")
        self.refused("reset", {**to, "files": ["none"]}, 400, "BAD_REQUEST")

    def test_reset_keep_and_merge(self):
        path, ids = self.three()
        self.commit("r", "other", "o")
        to = {"path": path, "target": "HEAD~1"}
        # keep: local changes elsewhere stay.
        self.write("r", "f", "local")
        self.call("reset", {**to, "mode": "keep"})
        self.assertEqual((self.head(), self.read("r", "f")),
                         (ids[2], "local"))
        self.refused("reset", {**to, "mode": "keep"}, 409,
                     "GIT_DIRTY_WORKTREE")
        self.refused("reset", {**to, "mode": "merge"}, 409,
                     "GIT_DIRTY_WORKTREE")
        self.assertEqual(self.head(), ids[2])
        # merge: what is staged goes.
        self.write("r", "added", "a")
        self.call("add", {"path": path, "files": ["f", "added"]})
        self.call("reset", {**to, "mode": "merge"})
        self.assertEqual((self.head(), self.read("r", "f")), (ids[1], "2"))
        self.assertEqual(self.states(), [])

    def test_restore(self):
        path, ids = self.three()
        of = {"path": path, "files": ["f"]}
        self.write("r", "f", "edited")
        self.call("restore", of)
        self.assertEqual(self.read("r", "f"), "3")
        self.write("r", "f", "edited")
        self.call("add", of)
        self.call("restore", {**of, "staged": True})
        self.assertEqual(self.states(), [("f", "Unmodified", "Modified")])
        self.call("add", of)
        self.call("restore", {**of, "staged": True, "worktree": True})
        self.assertEqual((self.states(), self.read("r", "f")), ([], "3"))
        self.call("restore", {**of, "source": ids[0]})
        self.assertEqual(self.states(), [("f", "Unmodified", "Modified")])
        self.assertEqual(self.read("r", "f"), "1")
        self.refused("restore", {**of, "files": ["none"]}, 400,
                     "BAD_REQUEST", "none")
        self.refused("restore", {**of, "source": "none"}, 404, "NOT_FOUND")
        self.refused("restore", {"path": path}, 400, "INVALID_REQUEST_BODY")


class Settings(GitCase):
    def setUp(self):
        super().setUp()
        self.own = Daemon({"env": {"HOME": self.work}})
        self.enterContext(self.own)

    def ask_own(self, **query):
        answer = self.own.get("/git/config", **query)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json["value"]

    def test_scopes(self):
        path = self.fresh()
        self.assertIsNone(self.ask_own(key="user.name"))
        for body in ({"name": "G", "email": "g@x"},
                     {"name": "L", "email": "l@x", "scope": "local",
                      "path": path}):
            self.assertEqual(
                self.own.post("/git/config/user", body).status, 200)
        self.assertEqual(self.ask_own(key="user.name"), "G")
        self.assertEqual(self.ask_own(key="user.name", scope="local",
                                      path=path), "L")
        self.assertIn("name = G", self.read(".gitconfig"))
        check_problem(self, self.own.post("/git/config", {
            "key": "a.b", "value": "c", "scope": "system"}), 403, "FORBIDDEN")
        for query in ({"key": "nodot"}, {"key": "a.b", "scope": "world"},
                      {"key": "a.b", "scope": "local"}, {}):
            check_problem(self, self.own.get("/git/config", **query), 400,
                          "BAD_REQUEST")
        for body in ({"key": "a.b"}, {"value": "x"}):
            check_problem(self, self.own.post("/git/config", body), 400,
                          "INVALID_REQUEST_BODY")
        self.assertEqual(self.own.post("/git/config", {
            "key": "a.b", "value": ""}).status, 200)
        self.assertEqual(self.ask_own(key="a.b"), "")

    def test_init(self):
        for body in ({"path": self.path("bare"), "bare": True},
                     {"path": self.path("a/b/c")}):
            self.assertEqual(self.own.post("/git/init", body).status, 201)
            self.assertEqual(self.own.post("/git/init", body).status, 201)
        self.assertEqual(git(self.path("bare"), "rev-parse",
                             "--is-bare-repository"), "true")
        mode = stat.S_IMODE(os.stat(self.path("a/b/c/.git")).st_mode)
        self.assertEqual(mode & 0o22, 0)
        check_problem(self, self.own.post("/git/init", {
            "path": self.path("x"), "initial_branch": "a b"}), 400,
            "BAD_REQUEST")
        check_problem(self, self.own.get("/git/status",
                                         path=self.path("bare")), 400,
                      "BAD_REQUEST", "bare")


if __name__ == "__main__":
    unittest.main()
