"""Every header compiles alone.

A header whose own source file includes it first is proved by the build. The
others are compiled here, and again only when they or what they include have
changed.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys

from arrows import includes
from tree import Finding, read_tree

KEPT_FLAGS = ("-I", "-isystem", "-D", "-std")


def first_include(file):
    return next((path for _, path in includes(file)), None)


def split(files):
    """(headers to compile, findings): a source that has a header of the same
    name must include it first."""
    by_path = {file.path: file for file in files}
    alone, findings = [], []
    for file in files:
        if not file.path.endswith(".hpp"):
            continue
        source = by_path.get(file.path[:-4] + ".cpp")
        if source is None:
            alone.append(file)
        elif first_include(source) != file.path:
            findings.append(Finding("own-header-first", source.path, 1,
                                    f"must include {file.path} first"))
    return alone, findings


def flags_of(build):
    """All include roots and definitions of the build, once each."""
    with open(os.path.join(build, "compile_commands.json")) as stream:
        commands = json.load(stream)
    flags = {}
    for entry in commands:
        words = iter(shlex.split(entry["command"]))
        for word in words:
            if word == "-isystem":
                flags[(word, next(words))] = None
            elif word.startswith(KEPT_FLAGS):
                flags[(word,)] = None
    return [word for group in flags for word in group]


def fingerprint(file, by_path, flags):
    """Of the header, of ours that it includes, and of the flags."""
    digest = hashlib.sha256(" ".join(flags).encode())
    todo, seen = [file], set()
    while todo:
        current = todo.pop()
        if current.path in seen:
            continue
        seen.add(current.path)
        digest.update(current.path.encode() + b"\0" + current.bytes)
        todo += [by_path[path] for _, path in includes(current)
                 if path in by_path]
    return digest.hexdigest()


def compile_alone(root, path, flags):
    answer = subprocess.run(
        ["g++", *flags, "-fsyntax-only", "-x", "c++", "-"],
        input=f'#include "{path}"\n', cwd=root, text=True,
        capture_output=True, timeout=120, check=False)
    return answer.returncode == 0, answer.stderr


def check(root, build):
    files = [file for file in read_tree(root) if file.is_cpp()]
    by_path = {file.path: file for file in files}
    flags = flags_of(build)
    alone, findings = split(files)
    cache = os.path.join(build, "tidy_headers")
    os.makedirs(cache, exist_ok=True)
    marks = {file.path: os.path.join(cache, fingerprint(file, by_path, flags))
             for file in alone}
    todo = [path for path, mark in marks.items() if not os.path.exists(mark)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(lambda path: compile_alone(root, path, flags), todo)
        for path, (good, errors) in zip(todo, answers):
            if good:
                open(marks[path], "w").close()
            else:
                findings.append(Finding("self-contained", path, 1, errors))
    return alone, todo, findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    chosen = parser.parse_args()
    alone, compiled, findings = check(chosen.root, chosen.build)
    for finding in findings:
        print(finding)
    print(f"{len(alone)} headers without a source of their own, "
          f"{len(compiled)} compiled now, {len(findings)} breaches")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
