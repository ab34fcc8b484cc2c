"""Shell and Python scripts parse, and clang-format has nothing to change."""

import ast
import os
import subprocess

from tree import Finding


def check(files, root):
    yield from check_python(files)
    yield from check_shell(files, root)
    yield from check_format(files, root)


def check_python(files):
    for file in files:
        if file.path.endswith(".py"):
            try:
                ast.parse(file.text)
            except SyntaxError as error:
                yield Finding("python", file.path, error.lineno or 1,
                              error.msg)


def check_shell(files, root):
    shell = [file.path for file in files if file.is_shell()]
    if not shell:
        return
    answer = run(["shellcheck", "-x", "-f", "gcc", *shell], root)
    for line in answer.stdout.splitlines():
        path, number, _, text = line.split(":", 3)
        yield Finding("shell", path, int(number), text.strip())


def check_format(files, root):
    sources = [file.path for file in files if file.is_cpp()]
    if not sources:
        return
    answer = run(["clang-format-14", "--dry-run", *sources], root)
    seen = set()
    for line in answer.stderr.splitlines():
        if "-Wclang-format-violations" not in line:
            continue
        path, number = line.split(":")[:2]
        if path not in seen:
            seen.add(path)
            yield Finding("format", path, int(number),
                          "clang-format-14 -i would change this file")


def run(command, root):
    return subprocess.run(command, cwd=root, text=True, check=False,
                          capture_output=True, timeout=120,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
