"""Which folder may include which: the arrows of ARCHITECTURE.md."""

import re

from tree import Finding

# The longest matching prefix on the left decides. A file may always include
# from its own row's folder.
ARROWS = {
    # from             may include from
    "schemas":         [],
    "events/base":     [],
    "events":          ["schemas"],
    "actors":          ["events", "schemas"],
    "projections":     ["events", "schemas"],
    "runner/toolbox":  ["events/base"],
    "runner/monitor":  ["events/base", "runner/kernel", "runner/link"],
    "runner":          ["events/base", "schemas"],
    "gateway":         ["actors", "projections", "events", "schemas"],
    "ops":             ["gateway", "actors", "projections", "runner", "events",
                        "schemas"],
    "tests":           ["ops", "gateway", "actors", "projections", "runner",
                        "events", "schemas"],
}

# Heavy dependencies stay where they are needed.
HEAVY = {
    # prefix of the include   folders that may use it
    "caf/":                   ["actors/host", "runner/host", "ops", "tests"],
    "rocksdb/":               ["events", "projections", "runner", "ops",
                               "tests"],
    "librdkafka/":            ["events", "tests"],
    "boost/beast":            ["gateway", "runner", "ops", "tests"],
    "catch2/":                ["tests"],
}

# Aggregates decide without CAF and without knowing who hosts them; what runs
# inside a sandbox is static and links none of the heavy libraries.
FORBIDDEN = {
    "actors/sandbox":      ["actors/host"],
    "actors/snapshot":     ["actors/host"],
    "actors/organization": ["actors/host"],
    "actors/runner":       ["actors/host"],
    "actors/volume":       ["actors/host"],
    "runner/toolbox":      ["rocksdb/", "caf/", "librdkafka/", "runner/host"],
    "runner/monitor":      ["rocksdb/", "caf/", "librdkafka/", "runner/host"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def includes(file):
    """(line number, path) of each include."""
    for number, line in enumerate(file.lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2)


def within(path, folder):
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def row_of(path):
    rows = [folder for folder in ARROWS if within(path, folder)]
    return max(rows, key=len, default=None)


def may_include(path, included):
    row = row_of(path)
    if row is None or row_of(included) is None:
        return True
    return any(within(included, folder) for folder in [row, *ARROWS[row]])


def heavy_breach(path, included):
    for prefix, folders in HEAVY.items():
        if included.startswith(prefix):
            return not any(within(path, folder) for folder in folders)
    return False


def forbidden(path, included):
    return any(
        within(path, folder) and included.startswith(prefix)
        for folder, prefixes in FORBIDDEN.items()
        for prefix in prefixes
    )


def check(files):
    for file in files:
        if not file.is_cpp():
            continue
        for number, included in includes(file):
            if not may_include(file.path, included):
                yield Finding("arrows", file.path, number,
                              f"may not include {included}")
            elif heavy_breach(file.path, included):
                yield Finding("heavy", file.path, number,
                              f"{included} does not belong in this folder")
            elif forbidden(file.path, included):
                yield Finding("forbidden-include", file.path, number,
                              f"may not include {included}")
