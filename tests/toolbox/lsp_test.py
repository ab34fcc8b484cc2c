"""The language servers of the default image, in real sandboxes of a server."""

import base64
import os
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from harness.client import Client  # noqa: E402  (needs the path)
from harness.own_server import own_server  # noqa: E402

PATIENCE = 120  # a loaded machine starts node slowly
FILES = {
    "shop/app.py": "import os\n\n\nclass Basket:\n"
                   "    def add_item(self, item):\n        return item\n\n\n"
                   "def checkout():\n    return Basket().add_item(1)\n\n\n"
                   "os.pat\n",
    "shop/parts/more.py": "class BasketOfMany:\n    pass\n",
    "shop/node_modules/x.py": "class BasketHidden:\n    pass\n",
    "web/main.ts": "export class Person {\n  name = 'x'\n"
                   "  greet(): string { return this.name }\n}\n"
                   "const someone = new Person()\nsomeone.\n",
    "web/tail.js": "export function joiner(a, b) { return a + b }\n[1, 2].\n",
}


def setUpModule():
    global server
    server = unittest.enterModuleContext(own_server(os.environ["VARVE_BUILD"]))


class Sandbox:
    """One with the files above, for one class of tests."""

    def __init__(self):
        self.client = Client(server.port, server.key, timeout=PATIENCE)
        made = self.client.create()
        assert made.status == 200, made
        self.id = made.json["id"]
        for path, text in FILES.items():
            self.write(path, text)

    def close(self):
        self.client.delete(self.id)
        self.client.close()

    def call(self, method, path, body=None, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.client.request(method, f"/toolbox/{self.id}{path}", body)

    def run(self, command):
        done = self.client.execute(self.id, command)
        assert done.status == 200, done
        return done.json["result"]

    def write(self, path, text):
        encoded = base64.b64encode(text.encode()).decode()
        self.run(f"mkdir -p {os.path.dirname(path)}; "
                 f"echo {encoded} | base64 -d >{path}")

    def processes(self):
        """Command lines of everything but PID 1 and this question."""
        return self.run("for p in /proc/[0-9]*; do [ $p = /proc/1 ] || "
                        "tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null")


class LanguageCase(unittest.TestCase):
    language, project = "", ""

    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox()
        cls.addClassCleanup(cls.box.close)

    def body(self, **more):
        return {"languageId": self.language, "pathToProject": self.project,
                **more}

    def post(self, verb, **more):
        return self.box.call("POST", f"/lsp/{verb}", self.body(**more))

    def get(self, path, **query):
        return self.box.call("GET", f"/lsp/{path}",
                             languageId=self.language,
                             pathToProject=self.project, **query)

    def succeed(self, verb, **more):
        answer = self.post(verb, **more)
        self.assertEqual((answer.status, answer.body), (200, b""), answer)

    def completions(self, uri, line, character, **more):
        answer = self.post("completions", uri=uri, **more,
                           position={"line": line, "character": character})
        self.assertEqual(answer.status, 200, answer)
        self.assertIs(type(answer.json["isIncomplete"]), bool)
        return [item["label"] for item in answer.json["items"]]

    def symbols(self, path, **query):
        answer = self.get(path, **query)
        self.assertEqual(answer.status, 200, answer)
        for symbol in answer.json:
            self.assertEqual(sorted(symbol), ["kind", "location", "name"])
            self.assertIs(type(symbol["kind"]), int)
            self.assertEqual(sorted(symbol["location"]), ["range", "uri"])
            for end in ("start", "end"):
                self.assertEqual(sorted(symbol["location"]["range"][end]),
                                 ["character", "line"])
        return {symbol["name"]: symbol["location"] for symbol in answer.json}

    def check(self, answer, status, code, needle):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.json["code"], code)
        self.assertIn(needle, answer.json["message"])


class Python(LanguageCase):
    language, project = "python", "shop"

    def setUp(self):
        self.succeed("start")

    def test_starting_again_changes_nothing(self):
        before = self.box.processes()
        self.succeed("start")
        for path in ("shop/", "./shop", "/home/daytona/shop"):
            answer = self.box.call("POST", "/lsp/start",
                                   self.body(pathToProject=path))
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.box.processes().count("pylsp"),
                         before.count("pylsp"))

    def test_completions_at_a_relative_uri(self):
        self.succeed("did-open", uri="file://shop/app.py")
        self.assertIn("path", self.completions("file://shop/app.py", 12, 6))
        self.succeed("did-close", uri="file://shop/app.py")

    def test_completions_at_line_and_character_0(self):
        found = self.completions("file:///home/daytona/shop/app.py", 0, 0,
                                 context={"triggerKind": 1})
        self.assertIn("abs(x)", found)

    def test_symbols_of_a_document(self):
        found = self.symbols("document-symbols", uri="file://shop/app.py")
        self.assertLessEqual({"Basket", "add_item", "checkout"}, set(found))
        self.assertEqual(found["Basket"]["uri"],
                         "file:///home/daytona/shop/app.py")
        self.assertEqual(found["Basket"]["range"]["start"]["line"], 3)

    def test_symbols_of_the_workspace_are_gathered_from_its_files(self):
        for path in ("workspacesymbols", "workspace-symbols"):
            found = self.symbols(path, query="basket")
            self.assertEqual(set(found), {"Basket", "BasketOfMany"})
        self.assertEqual(self.symbols("workspacesymbols", query="absent"), {})

    def test_what_is_written_later_is_what_the_server_sees(self):
        uri = "file://shop/changing.py"
        self.box.write("shop/changing.py", "def first(): pass\n")
        self.succeed("did-open", uri=uri)
        self.assertIn("first", self.symbols("document-symbols", uri=uri))
        self.box.write("shop/changing.py", "def second_one(): pass\n")
        self.assertIn("second_one", self.symbols("document-symbols", uri=uri))
        self.assertIn("second_one",
                      self.symbols("workspacesymbols", query="second"))
        self.box.run("rm shop/changing.py")
        self.assertEqual(self.symbols("workspacesymbols", query="second"), {})

    def test_a_file_that_is_not_there_is_refused(self):
        self.check(self.post("did-open", uri="file://shop/none.py"), 400,
                   "BAD_REQUEST", "no such file")
        self.check(self.post("did-open", uri="file://shop"), 400,
                   "BAD_REQUEST", "not a file")
        self.succeed("did-close", uri="file://shop/none.py")

    def test_a_killed_server_is_noticed_and_can_be_started_again(self):
        self.box.run("pkill -9 -f pylsp")
        uri = "file://shop/app.py"
        for _ in range(50):
            answer = self.get("document-symbols", uri=uri)
            if answer.status == 400:
                break
        self.check(answer, 400, "LSP_SERVER_NOT_INITIALIZED", "signal 9")
        self.succeed("start")
        self.assertIn("Basket", self.symbols("document-symbols", uri=uri))

    def test_stopping_ends_all_its_processes(self):
        self.completions("file://shop/app.py", 0, 0)
        self.assertIn("pylsp", self.box.processes())
        self.succeed("stop")
        left = self.box.processes()
        self.assertNotIn("pylsp", left)
        self.assertNotIn("jedi", left)
        self.assertNotIn("varve-toolbox", left)
        self.check(self.post("stop"), 500, "LSP_SERVER_NOT_INITIALIZED",
                   "no language server")
        self.check(self.get("document-symbols", uri="file://shop/app.py"), 400,
                   "LSP_SERVER_NOT_INITIALIZED", "no language server")


class TypeScript(LanguageCase):
    language, project = "typescript", "web"

    def setUp(self):
        self.succeed("start")

    def test_completions_of_a_member(self):
        self.succeed("did-open", uri="file://web/main.ts")
        found = self.completions(
            "file://web/main.ts", 5, 8,
            context={"triggerKind": 2, "triggerCharacter": "."})
        self.assertLessEqual({"greet", "name"}, set(found))

    def test_symbols_of_a_document_that_was_not_opened(self):
        self.succeed("did-close", uri="file://web/main.ts")
        found = self.symbols("document-symbols", uri="file://web/main.ts")
        self.assertLessEqual({"Person", "greet", "someone"}, set(found))

    def test_symbols_of_the_workspace_are_those_of_the_project(self):
        found = self.symbols("workspacesymbols", query="Person")
        self.assertIn("Person", found)
        for where in found.values():
            self.assertTrue(where["uri"].startswith("file:///home/daytona/web"))

    def test_stopping_ends_all_its_processes(self):
        self.symbols("document-symbols", uri="file://web/main.ts")
        self.assertIn("tsserver", self.box.processes())
        self.succeed("stop")
        self.assertNotIn("node", self.box.processes())


class JavaScript(LanguageCase):
    language, project = "javascript", "/home/daytona/web"

    def test_completions_and_symbols(self):
        self.succeed("start")
        uri = "file:///home/daytona/web/tail.js"
        self.succeed("did-open", uri=uri)
        self.assertIn("concat", self.completions(uri, 1, 7))
        self.assertIn("joiner", self.symbols("document-symbols", uri=uri))
        self.assertIn("joiner", self.symbols("workspacesymbols", query="join"))


class System(unittest.TestCase):
    """What only a real sandbox shows."""

    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox()
        cls.addClassCleanup(cls.box.close)

    def test_metrics_are_of_the_sandbox_and_not_of_the_host(self):
        metrics = self.box.call("GET", "/system/metrics").json
        made = self.box.client.get(self.box.id).json
        self.assertEqual(metrics["memTotal"], made["memory"] << 30)
        self.assertEqual(metrics["cpuCount"], made["cpu"])
        self.assertLess(metrics["memUsed"], metrics["memTotal"])
        self.box.run("head -c 64M /dev/zero | tail -c 64M >kept; "
                     "(timeout 20 python3 -c 'while 1: pass' &) "
                     ">/dev/null 2>&1")
        later = self.box.call("GET", "/system/metrics").json
        self.assertGreater(later["memCache"], metrics["memCache"] + (32 << 20))
        self.assertGreater(later["cpuUsedPct"], 5)

    def test_ports_are_of_the_sandbox_and_not_of_the_host(self):
        self.assertEqual(self.box.call("GET", "/port").json, {"ports": []})
        self.box.run("(python3 -m http.server 3456 --bind :: &) "
                     ">/dev/null 2>&1; until curl -s localhost:3456 >/dev/null;"
                     " do sleep 0.05; done")
        self.assertEqual(self.box.call("GET", "/port").json, {"ports": [3456]})
        self.assertTrue(
            self.box.call("GET", "/port/3456/in-use").json["isInUse"])


if __name__ == "__main__":
    unittest.main()
