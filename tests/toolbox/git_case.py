"""A toolbox and a git server with a few repositories, for tests of git."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from daemon import USER, Daemon, check_problem  # noqa: E402
from harness.git_server import GitServer  # noqa: E402

LOGIN = ("ada", "s3cret/@:")
GIVEN = {"username": LOGIN[0], "password": LOGIN[1]}
AUTHOR = {"author": "Ada", "email": "ada@example.test"}
SEED = {"GIT_AUTHOR_NAME": "Seed", "GIT_AUTHOR_EMAIL": "seed@example.test",
        "GIT_COMMITTER_NAME": "Seed", "GIT_COMMITTER_EMAIL": "seed@example.test",
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*"}


def git(folder, *arguments, text=None):
    """The real git, beside the toolbox: makes repositories and looks."""
    done = subprocess.run(["git", "-C", folder, *arguments], input=text,
                          env={**os.environ, **SEED}, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.strip()


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def record(folder, name, text):
    """A commit of one file with this text; its id."""
    write(folder, name, text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", f"{name}: {text}")
    return git(folder, "rev-parse", "HEAD")


def make_served(folder):
    """FOLDER/project.git with main (three commits), side and the tag v1."""
    seed = os.path.join(folder, "seed")
    bare = os.path.join(folder, "project.git")
    git(folder, "init", "-q", "--bare", "-b", "main", bare)
    git(folder, "init", "-q", "-b", "main", seed)
    ids = [record(seed, "file.txt", "one")]
    git(seed, "tag", "-m", "first", "v1")
    git(seed, "branch", "side")
    ids.append(record(seed, "file.txt", "two"))
    ids.append(record(seed, "dir/other.txt", "three"))
    git(seed, "switch", "-q", "side")
    ids.append(record(seed, "file.txt", "aside"))
    git(seed, "push", "-q", bare, "main", "side", "v1")
    shutil.rmtree(seed)
    return ids


class GitCase(unittest.TestCase):
    """One toolbox and one server for all tests of a class."""

    login = None
    tls = False

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="varve-git-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        cls.ids = make_served(cls.folder)
        cls.server = GitServer(cls.folder, cls.login, tls=cls.tls)
        cls.enterClassContext(cls.server)
        cls.home = os.path.join(cls.folder, "home")
        os.mkdir(cls.home)
        os.chown(cls.home, USER, USER)
        cls.daemon = Daemon({"env": {"HOME": cls.home}})
        cls.enterClassContext(cls.daemon)

    @property
    def url(self):
        return self.server.url("project.git")

    def setUp(self):
        # A directory of its own for each test, owned by the user.
        self.name = self.id().rsplit(".", 1)[1]
        self.work = os.path.join(self.daemon.work, self.name)
        os.mkdir(self.work)
        os.chown(self.work, USER, USER)

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def read(self, *parts):
        with open(self.path(*parts)) as file:
            return file.read()

    def write(self, repository, name, text):
        write(self.path(repository), name, text)
        for root, folders, files in os.walk(self.path(repository)):
            for one in folders + files:
                os.lchown(os.path.join(root, one), USER, USER)

    def call(self, what, body, status=200):
        answer = self.daemon.post("/git/" + what, body)
        self.assertEqual(answer.status, status, answer.text)
        return answer

    def ask(self, what, repository, **query):
        answer = self.daemon.get("/git/" + what, path=self.path(repository),
                                 **query)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json

    def clone(self, name="r", **more):
        self.call("clone", {"url": self.url, "path": self.path(name), **more})
        return self.path(name)

    def fresh(self, name="r"):
        self.call("init", {"path": self.path(name), "initial_branch": "main"},
                  201)
        return self.path(name)

    def commit(self, repository, name, text, message="m"):
        self.write(repository, name, text)
        path = self.path(repository)
        self.call("add", {"path": path, "files": [name]})
        return self.call("commit", {"path": path, "message": message,
                                    **AUTHOR}).json["hash"]

    def refused(self, what, body, status, code, needle=""):
        answer = self.daemon.post("/git/" + what, body)
        told = check_problem(self, answer, status, code, needle)
        self.assertNotIn(LOGIN[1], answer.text)
        return told

    def states(self, repository="r"):
        return sorted((one["name"], one["staging"], one["worktree"])
                      for one in self.ask("status", repository)["fileStatus"])

    def head(self, repository="r"):
        return git(self.path(repository), "rev-parse", "HEAD")
