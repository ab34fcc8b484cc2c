"""Each rule must fire on a tree made to break it, and none on a clean one."""

import os
import tempfile
import unittest

import arrows
import blocks
import headers
import tidy
from tree import read_tree

CLEAN = {
    "events/base/ids.hpp": "#pragma once\n\n#include <string>\n",
    "actors/sandbox/decide.hpp":
        '#pragma once\n\n#include "events/base/ids.hpp"\n',
    "actors/sandbox/decide.cpp": '#include "actors/sandbox/decide.hpp"\n',
    "gateway/routes.cpp": '#include "actors/sandbox/decide.hpp"\n',
    "ops/up": "#!/usr/bin/env bash\nset -euo pipefail\necho up\n",
}

LONG_BODY = "  work();\n" * 60

# rule -> (path, text) that breaks it.
BROKEN = {
    "arrows": ("runner/a.cpp", '#include "actors/sandbox/decide.hpp"\n'),
    "heavy": ("gateway/a.cpp", "#include <rocksdb/db.h>\n"),
    "forbidden-include": ("actors/sandbox/a.cpp",
                          '#include "actors/host/registry.hpp"\n'),
    "banned-include": ("gateway/a.cpp", "#include <boost/beast.hpp>\n"),
    "parent-include": ("actors/a.cpp", '#include "../events/a.hpp"\n'),
    "iostream": ("events/a.cpp", "#include <iostream>\n"),
    "infinite": ("ops/a.cpp", "auto wait = caf::infinite;\n"),
    "sleep": ("tests/unit/a.cpp",
              "auto f = [] { std::this_thread::sleep_for(second); };\n"),
    "pragma-once": ("events/a.hpp", "int a();\n"),
    "vague-name": ("events/utils.cpp", "int a;\n"),
    "note": ("events/a.cpp", "// TODO: later\n"),
    "file-size": ("events/a.cpp", "int a;\n" * 451),
    "function-size": ("events/a.cpp", "void f() {\n" + LONG_BODY + "}\n"),
    "place": ("README.md", "see /wo" "rk/main\n"),
    "registry": ("ops/a.sh", "#!/bin/sh\ncurl https://pyp" "i.org\n"),
    "talk": ("README.md", "as the br" "ief says, the br" "ief\n"),
    "python": ("tests/a.py", "def f(:\n"),
    "shell": ("ops/a.sh", "#!/usr/bin/env bash\nif true; then\n"),
    "format": ("events/a.cpp", "int   a ;\n"),
}


class Tree:
    """A tree on disk for the length of a `with`."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for path, text in self.files.items():
            full = os.path.join(self.folder.name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as stream:
                stream.write(text)
        return self.folder.name

    def __exit__(self, *_):
        self.folder.cleanup()


def rules_that_fire(files):
    with Tree(files) as root:
        return {found.rule for found in tidy.breaches(root) if not found.soft}


class RulesFire(unittest.TestCase):
    def test_a_clean_tree_has_no_breach(self):
        self.assertEqual(rules_that_fire(CLEAN), set())

    def test_each_rule_fires_alone_on_what_breaks_it(self):
        for rule, (path, text) in BROKEN.items():
            with self.subTest(rule=rule):
                self.assertEqual(rules_that_fire({**CLEAN, path: text}), {rule})

    def test_the_table_covers_every_folder_of_the_house(self):
        for folder in ("schemas", "events", "actors", "projections", "runner",
                       "gateway", "ops", "tests"):
            self.assertEqual(arrows.row_of(f"{folder}/a.cpp"), folder)

    def test_nothing_but_ops_and_tests_may_include_gateway_or_ops(self):
        for folder in arrows.ARROWS:
            if folder in ("ops", "tests"):
                continue
            for target in ("gateway/a.hpp", "ops/a.hpp"):
                if folder != arrows.row_of(target):
                    self.assertFalse(
                        arrows.may_include(f"{folder}/a.cpp", target), folder)


class HeadersStandAlone(unittest.TestCase):
    def split(self, files):
        with Tree(files) as root:
            return headers.split(read_tree(root))

    def test_a_header_included_first_by_its_source_needs_no_compiling(self):
        alone, findings = self.split(CLEAN)
        self.assertEqual([file.path for file in alone],
                         ["events/base/ids.hpp"])
        self.assertEqual(findings, [])

    def test_a_source_that_includes_its_header_late_is_found(self):
        _, findings = self.split({
            **CLEAN, "actors/sandbox/decide.cpp":
            '#include <string>\n#include "actors/sandbox/decide.hpp"\n'})
        self.assertEqual([found.rule for found in findings],
                         ["own-header-first"])

    def test_a_header_that_lacks_an_include_does_not_compile(self):
        with Tree({"events/a.hpp": "#pragma once\nstd::string a();\n"}) as root:
            good, errors = headers.compile_alone(
                root, "events/a.hpp", ["-I.", "-std=c++20"])
        self.assertFalse(good)
        self.assertIn("string", errors)

    def test_a_changed_include_is_compiled_again(self):
        before = self.mark("int a();\n")
        self.assertEqual(before, self.mark("int a();\n"))
        self.assertNotEqual(before, self.mark("long a();\n"))

    def mark(self, included):
        with Tree({"events/a.hpp": '#include "events/b.hpp"\n',
                   "events/b.hpp": included}) as root:
            by_path = {file.path: file for file in read_tree(root)}
            return headers.fingerprint(by_path["events/a.hpp"], by_path, [])


class BlocksAreFound(unittest.TestCase):
    def names(self, text):
        return [(name, last - first + 1)
                for name, _, first, last in blocks.functions(text)]

    def test_functions_members_and_constructors_are_measured(self):
        self.assertEqual(self.names(
            "namespace a {\n"
            "struct s {\n"
            "  s() : x_{1}, y_{2} {\n    go();\n  }\n"
            "  int get() const noexcept {\n    return x_;\n  }\n"
            "};\n"
            "auto f(int a) -> int {\n"
            "  auto inner = [a] {\n    return a;\n  };\n"
            "  return inner();\n"
            "}\n"
            "}\n"), [("s", 3), ("get", 3), ("f", 6)])

    def test_text_in_literals_and_comments_is_no_code(self):
        self.assertEqual(self.names(
            'const char* a = "f() {";\n'
            "const auto b = R\"x(g() {)x\";\n"
            "// h() {\n"
            "constexpr int million = 1'000'000;\n"
            "int k() {\n  return '{';\n}\n"), [("k", 3)])

    def test_a_test_case_is_a_function(self):
        self.assertEqual(self.names(
            'TEST_CASE("it holds", "[a]") {\n  CHECK(true);\n}\n'),
            [("TEST_CASE", 3)])


if __name__ == "__main__":
    unittest.main()
