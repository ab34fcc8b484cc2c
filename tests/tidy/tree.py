"""The files of a source tree, and what a rule says about one of them."""

import os
from dataclasses import dataclass

SKIPPED_FOLDERS = {".git", ".varve", "build", "node_modules", "__pycache__"}
CPP = (".cpp", ".hpp")
SCRIPTS = (".py", ".sh", ".mjs", ".ts", ".cmake")


@dataclass(frozen=True)
class Finding:
    """A breach. A soft one is printed and does not fail the test."""

    rule: str
    path: str
    line: int
    text: str
    soft: bool = False

    def __str__(self):
        weight = "soft" if self.soft else "FAIL"
        return f"{weight} {self.path}:{self.line}: {self.text} [{self.rule}]"


class File:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), "rb") as stream:
            self.bytes = stream.read()
        self.text = self.bytes.decode("utf-8", errors="replace")
        self.lines = self.text.splitlines()

    def is_cpp(self):
        return self.path.endswith(CPP)

    def is_binary(self):
        return b"\0" in self.bytes[:4096]

    def is_shell(self):
        first = self.lines[0] if self.lines else ""
        return (
            self.path.endswith(".sh")
            or first.startswith("#!") and first.endswith(("bash", "/sh"))
        )


def read_tree(root):
    """Every file that is ours, in a stable order."""
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            full = os.path.join(folder, name)
            if name == ".git":  # a file in a further working tree
                continue
            if os.path.isfile(full) and not os.path.islink(full):
                files.append(File(root, os.path.relpath(full, root)))
    return files
