"""Rules for single lines of C++ and for names of files."""

import os
import re

from arrows import includes
from tree import CPP, SCRIPTS, Finding

UMBRELLAS = {
    "caf/all.hpp", "boost/outcome.hpp", "boost/outcome/result.hpp",
    "boost/beast.hpp", "boost/asio.hpp", "regex",
}
HEADER_ONLY_BANS = {"boost/json.hpp"}
VAGUE_NAMES = {
    "util", "utils", "utility", "utilities", "common", "helper", "helpers",
    "manager", "misc",
}
NOTE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
CODE = (".fbs", *CPP, *SCRIPTS)
LINE_COMMENT = re.compile(r"//.*")


def check(files):
    for file in files:
        yield from check_name(file)
        if file.path.endswith(CODE):
            yield from check_notes(file)
        if file.is_cpp():
            yield from check_includes(file)
            yield from check_calls(file)
        if file.path.endswith(".hpp") and "#pragma once" not in file.lines:
            yield Finding("pragma-once", file.path, 1, "no #pragma once")


def check_name(file):
    if file.path.startswith("schemas/"):
        return
    stem = os.path.basename(file.path).split(".")[0].lower()
    folders = set(os.path.dirname(file.path).lower().split("/"))
    if stem in VAGUE_NAMES or folders & VAGUE_NAMES:
        yield Finding("vague-name", file.path, 1, "the name says nothing")


def check_notes(file):
    if file.path.startswith("tests/tidy/"):
        return
    for number, line in enumerate(file.lines, 1):
        if NOTE.search(line):
            yield Finding("note", file.path, number, "a note for later")


def check_includes(file):
    is_header = file.path.endswith(".hpp")
    is_main = os.path.basename(file.path) == "main.cpp"
    for number, included in includes(file):
        if ".." in included.split("/"):
            yield Finding("parent-include", file.path, number,
                          f"{included} leaves its include root")
        if included in UMBRELLAS or is_header and included in HEADER_ONLY_BANS:
            yield Finding("banned-include", file.path, number,
                          f"{included} costs too much to compile")
        if included == "iostream" and not is_main:
            yield Finding("iostream", file.path, number,
                          "<iostream> belongs in main.cpp only")


def check_calls(file):
    for number, line in enumerate(file.lines, 1):
        code = LINE_COMMENT.sub("", line)
        if re.search(r"\bcaf::infinite\b|\binfinite\b.*\brequest\(", code):
            yield Finding("infinite", file.path, number,
                          "every wait has a limit")
        if file.path.startswith("tests/") and re.search(
                r"\bsleep_(for|until)\b|\busleep\b", code):
            yield Finding("sleep", file.path, number,
                          "tests wait for something, not for time")
