"""Git in an image that has nothing but the toolbox."""

import os
import unittest

from bare_image_test import PASSWD, Image
from daemon import check_problem
from git_case import AUTHOR, git, record, write


class EmptyImage(unittest.TestCase):
    """No shell, no git, no library, no certificates: the toolbox alone."""

    def test_git_needs_nothing(self):
        with Image(PASSWD) as image:
            daemon = image.daemon
            os.makedirs(image.root + "/home/daytona")
            os.chown(image.root + "/home/daytona", 1000, 1000)
            os.mkdir(image.root + "/served", 0o755)
            write(image.root + "/served", "seed/a.txt", "one")
            git(image.root + "/served", "init", "-q", "-b", "main", "seed")
            record(image.root + "/served/seed", "a.txt", "one")
            path = "/home/daytona/r"

            def call(what, body, status=200):
                answer = daemon.post("/git/" + what, {"path": path, **body})
                self.assertEqual(answer.status, status, answer.text)
                return answer

            call("clone", {"url": "/served/seed"})
            call("config/user", {"name": "A", "email": "a@x"})
            call("branches", {"name": "side"}, 201)
            self.assertEqual(daemon.call(
                "POST", "/files/upload-v2", b"two",
                path=path + "/a.txt").status, 200)
            call("add", {"files": ["."]})
            made = call("commit", {"message": "m", **AUTHOR}).json["hash"]
            told = daemon.get("/git/history", path=path).json
            self.assertEqual([told[0]["hash"], len(told)], [made, 2])
            status = daemon.get("/git/status", path=path).json
            self.assertEqual((status["currentBranch"], status["fileStatus"]),
                             ("side", []))
            # Names and certificates without a file of the image.
            check_problem(self, daemon.post("/git/clone", {
                "url": "https://no.such.invalid/x", "path": "/home/daytona/x"}), 502,
                "GIT_TRANSPORT_FAILED", "resolve")


if __name__ == "__main__":
    unittest.main()
