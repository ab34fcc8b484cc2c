"""How long files and functions may be."""

import ast
import re

from blocks import functions
from tree import CPP, SCRIPTS, Finding

FILE_SOFT, FILE_HARD = 300, 450
FUNCTION_SOFT, FUNCTION_HARD = 30, 60
BEHAVIOR_HARD = 80  # an actor's list of handlers, one line each

COUNTED = (".fbs", *CPP, *SCRIPTS)


def check(files):
    for file in files:
        if file.path.endswith(COUNTED) or file.is_shell():
            yield from judge("file-size", file.path, 1, "file",
                             len(file.lines), FILE_SOFT, FILE_HARD)
        for name, first, last, hard in functions_of(file):
            yield from judge("function-size", file.path, first, name,
                             last - first + 1, FUNCTION_SOFT, hard)


def judge(rule, path, line, name, length, soft, hard):
    if length > hard:
        yield Finding(rule, path, line, f"{name} has {length} lines, {hard} at most")
    elif length > soft:
        yield Finding(rule, path, line,
                      f"{name} has {length} lines, better {soft}", soft=True)


def functions_of(file):
    if file.is_cpp():
        for name, head, first, last in functions(file.text):
            is_behavior = re.search(r"\bbehavior(_type)?\b", head)
            yield (name, first, last,
                   BEHAVIOR_HARD if is_behavior else FUNCTION_HARD)
    elif file.path.endswith(".py"):
        yield from python_functions(file.text)
    elif file.is_shell():
        yield from shell_functions(file)


def python_functions(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:  # reported by scripts.py
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno, FUNCTION_HARD


def shell_functions(file):
    """Functions as we write them: `name() {` or `name() (` to a lone closer."""
    start = None
    for number, line in enumerate(file.lines, 1):
        opened = re.match(r"^(\w+)\(\) [{(]$", line)
        if opened:
            start = (opened.group(1), number)
        elif start and line in ("}", ")"):
            yield start[0], start[1], number, FUNCTION_HARD
            start = None
