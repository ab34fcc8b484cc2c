#!/usr/bin/env python3
"""Whether the present schemas read all bytes that released ones wrote.

  released_schemas.py PRESENT_DIR RELEASED_DIR FLATC

flatc's own check, which the build runs, lets pass that a field or event goes,
gets another name, or becomes required; here neither may. Ends with a test of
itself: each breaking change is made to a copy and must be found.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"\b(table|struct|enum|union)\s+(\w+)[^{]*\{(.*?)\}", re.S)
FIELD = re.compile(r"(\w+)\s*:\s*([\[\]\w:]+)\s*(?:=\s*([-\w.]+))?\s*"
                   r"(?:\(([^)]*)\))?\s*;")


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def read_schema(path):
    """{(kind, name): what its bytes depend on, in order}"""
    with open(path) as f:
        text = without_comments(f.read())
    out = {}
    for kind, name, body in BLOCK.findall(text):
        if kind in ("enum", "union"):
            members = [re.sub(r"\s", "", m) for m in body.split(",")]
            out[kind, name] = [m for m in members if m]
        else:
            out[kind, name] = [read_field(*f) for f in FIELD.findall(body)]
    return out


def read_field(name, kind, default, attributes):
    words = {w.strip() for w in attributes.split(",") if w.strip()}
    return (name, kind, default or "0",
            next((w for w in words if w.startswith("id")), ""),
            "required" in words)


def breaches_of(kind, name, then, now):
    where = "%s %s" % (kind, name)
    if kind == "struct" and now != then:
        yield where + " changed, and a struct never may"
    elif kind in ("enum", "union"):
        if now[:len(then)] != then:
            yield where + ": members went, moved or changed their numbers"
    else:
        present = {f[0]: f for f in now}
        for field in then:
            if present.get(field[0]) != field:
                yield "%s: %s is not what it was" % (where, field[0])
        for field in now[0:]:
            if field[0] not in {f[0] for f in then} and field[4]:
                yield "%s: %s is new and required" % (where, field[0])


def breaches(present_dir, released_dir, flatc):
    names = sorted(n for n in os.listdir(released_dir) if n.endswith(".fbs"))
    if not names:
        yield "no released schema was found"
    for name in names:
        present = os.path.join(present_dir, name)
        released = os.path.join(released_dir, name)
        if not os.path.exists(present):
            yield name + " is gone"
            continue
        then, now = read_schema(released), read_schema(present)
        for (kind, what), content in then.items():
            if (kind, what) not in now:
                yield "%s: %s %s is gone" % (name, kind, what)
                continue
            for breach in breaches_of(kind, what, content, now[kind, what]):
                yield "%s: %s" % (name, breach)
        done = subprocess.run(
            [flatc, "--conform", released, "--conform-includes", released_dir,
             "-I", present_dir, present], capture_output=True, text=True,
            timeout=60)
        if done.returncode:
            yield "%s: %s" % (name, done.stderr.strip() or "does not conform")


# file, what is there, what it becomes
BREAKING = [
    ("record.fbs", "epoch:uint64 (id: 2)", "epoch:uint32 (id: 2)"),
    ("record.fbs", "epoch:uint64 (id: 2)", "term:uint64 (id: 2)"),
    ("record.fbs", "organization_id:string (id: 6)",
     "organization_id:string (id: 6, required)"),
    ("record.fbs", "  SandboxDestroyRetried\n", "\n"),
    ("record.fbs", "SnapshotActivated, SnapshotRemoved",
     "SnapshotRemoved, SnapshotActivated"),
    ("cause.fbs", "User = 1", "User = 20"),
    ("common.fbs", "memory_mib:uint32;", "memory_mib:uint32; swap:uint32;"),
    ("sandbox.fbs", "auto_stop:int32 = 15", "auto_stop:int32 = 14"),
    ("sandbox.fbs", "attempt:uint32 (id: 0);", ""),
    ("runner.fbs", "runtime:string (id: 3);",
     "runtime:string (id: 3);\n  more:string (id: 4, required);"),
]
HARMLESS = [
    ("runner.fbs", "runtime:string (id: 3);",
     "runtime:string (id: 3);\n  more:string (id: 4);"),
    ("record.fbs", "  SandboxDestroyRetried\n",
     "  SandboxDestroyRetried, SandboxSeen\n"),
]


def found_after(change, released_dir, flatc):
    name, before, after = change
    with tempfile.TemporaryDirectory() as copy:
        for schema in os.listdir(released_dir):
            shutil.copy(os.path.join(released_dir, schema), copy)
        path = os.path.join(copy, name)
        with open(path) as f:
            text = f.read()
        if before not in text:
            sys.exit("self-test: %s does not hold '%s'" % (name, before))
        text = text.replace(before, after)
        if "SandboxSeen" in after:
            text = text.replace("union Event", "table SandboxSeen {}\n"
                                "union Event")
        with open(path, "w") as f:
            f.write(text)
        return list(breaches(copy, released_dir, flatc))


def self_test(released_dir, flatc):
    for change in BREAKING:
        if not found_after(change, released_dir, flatc):
            yield "self-test: not found: %s: %s -> %s" % change
    for change in HARMLESS:
        for breach in found_after(change, released_dir, flatc):
            yield "self-test: found without need: " + breach


def main():
    present, released, flatc = sys.argv[1:]
    found = list(breaches(present, released, flatc))
    found += self_test(released, flatc)
    for breach in found:
        print(breach)
    print("%d breaches" % len(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
