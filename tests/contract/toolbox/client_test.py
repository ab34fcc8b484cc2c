"""The table of the toolbox's endpoints against the newest toolbox client of
the registry: every route that it calls is there, and every member that one of
its models insists on or knows.

usage: client_test.py
"""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "sdk"))

import clients  # noqa: E402  (needs the path)
from table import Table  # noqa: E402

NEWEST = "daytona-0.226.1"
# The client's name for what the table calls otherwise.
RENAMED = {"FsFileResult": "UploadedPart"}
# Models of routes that are not built yet, by what their names begin with.
COMPUTER_USE = ("Accessibility", "ComputerUse", "Display", "FindAccessibility",
                "Keyboard", "ListRecordings", "Mouse", "Position", "Process",
                "Recording", "Screenshot", "Scroll", "StartRecording",
                "StopRecording", "Window")
# Errors are told as an ErrorResponse with these besides.
NOT_ALWAYS_TOLD = {"UploadFilesResponse": {"errors"}}


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        told = subprocess.run(
            [clients.python(NEWEST), os.path.join(HERE, "client_models.py")],
            check=True, capture_output=True, timeout=120)
        known = json.loads(told.stdout)
        cls.models, cls.routes = known["models"], known["routes"]
        cls.table = Table()

    def test_every_route_of_the_client_is_in_the_table(self):
        self.assertGreater(len(self.routes), 100)
        self.assertEqual(
            [route for route in self.routes if route not in self.table.routes],
            [])

    def test_every_member_of_a_model_is_in_the_table(self):
        self.assertGreater(len(self.models), 100)
        for name, members in self.models.items():
            if name.startswith(COMPUTER_USE):
                continue
            with self.subTest(model=name):
                own = self.table.members(RENAMED.get(name, name))
                unknown = (set(members) - set(own)
                           - NOT_ALWAYS_TOLD.get(name, set()))
                self.assertEqual(unknown, set())

    def test_what_a_model_insists_on_is_never_absent(self):
        for name, members in self.models.items():
            if name.startswith(COMPUTER_USE):
                continue
            with self.subTest(model=name):
                own = self.table.members(RENAMED.get(name, name))
                for member, insists in members.items():
                    if insists:
                        self.assertFalse(own[member][1], member)

    def test_every_object_of_the_table_is_used_by_a_route(self):
        used = {"ErrorResponse"}

        def use(kind):
            kind = kind.strip("[]{}")
            if kind in self.table.objects and kind not in used:
                used.add(kind)
                for inner, _ in self.table.members(kind).values():
                    use(inner)

        for route in self.table.routes.values():
            use(route.get("answer", "nothing"))
            use(route.get("body", "nothing"))
        self.assertEqual(set(self.table.objects) - used, set())


if __name__ == "__main__":
    unittest.main()
