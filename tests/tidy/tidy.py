"""Checks the tree against the rules of CONTRIBUTING.md.

usage: tidy.py ROOT
"""

import sys

import arrows
import scripts
import sizes
import sources
import words
from tree import read_tree


def breaches(root):
    files = read_tree(root)
    for rule in (arrows, sources, sizes, words):
        yield from rule.check(files)
    yield from scripts.check(files, root)


def main():
    found = list(breaches(sys.argv[1]))
    for finding in found:
        print(finding)
    hard = sum(not finding.soft for finding in found)
    print(f"{hard} breaches, {len(found) - hard} soft limits passed")
    sys.exit(1 if hard else 0)


if __name__ == "__main__":
    main()
