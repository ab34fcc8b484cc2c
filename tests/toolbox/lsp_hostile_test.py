"""What a language server may do to its callers: nothing but end itself. The
servers here are scripts in place of a real one, first on the sandbox's PATH."""

import os
import socket
import threading
import time
import unittest

from daemon import MEMORY_FACTOR, Daemon, check_problem, wait_until

# Speaks the protocol; what it does besides is named by its first argument.
SCRIPT = r'''#!/usr/bin/env python3
import json, os, subprocess, sys, time
mode = "@MODE@"

def read():
    size = 0
    while True:
        line = sys.stdin.buffer.readline()
        if not line:
            sys.exit(0)
        if line == b"\r\n":
            break
        if line.lower().startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(size))

def raw(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()

def write(message):
    text = json.dumps({"jsonrpc": "2.0", **message}).encode()
    raw(b"Content-Length: %d\r\n\r\n" % len(text) + text)

def symbol(name):
    return {"name": name, "kind": 12, "location": {"uri": "file:///x",
            "range": {"start": {"line": 0, "character": 0},
                      "end": {"line": 0, "character": 1}}}}

if mode == "exits":
    sys.stderr.write("no module named something\n")
    sys.exit(3)
if mode in ("children", "orphans"):
    for _ in range(3):
        subprocess.Popen(["setsid", "sleep", "1000.75"])
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execvp("sleep", ["sleep", "1000.75"])
            os._exit(0)
while True:
    message = read()
    method, number = message.get("method"), message.get("id")
    if method == "initialize":
        if mode == "mute":
            time.sleep(1000)
        if mode == "refuses":
            write({"id": number, "error": {"code": 1, "message": "not today"}})
            continue
        write({"id": number, "result": {"capabilities": {}}})
        if mode == "chatty":
            while True:
                write({"method": "window/logMessage",
                       "params": {"message": "x" * 60000}})
        if mode == "asks":
            write({"id": "q", "method": "workspace/configuration",
                   "params": {"items": [{}, {}]}})
            write({"id": 5, "method": "made/up"})
    elif mode == "asks" and "method" not in message:
        with open("answers", "a") as file:
            file.write(json.dumps(message) + "\n")
    elif number is None:
        pass
    elif mode == "garbage":
        raw(b"Traceback (most recent call last):\n")
        time.sleep(1000)
    elif mode == "huge":
        raw(b"Content-Length: 99999999999\r\n\r\n" + b"x" * (1 << 20))
        time.sleep(1000)
    elif mode == "large":
        raw(b"Content-Length: 16000000\r\n\r\n[" + b"[" * 15999999)
        time.sleep(1000)
    elif mode == "header":
        while True:
            raw(b"x" * 65536)
    elif mode in ("dies", "orphans"):
        os.kill(os.getpid(), 9)
    elif mode == "list":
        write({"id": number, "result": [symbol("s%d" % i)
                                        for i in range(10000)]})
    elif mode == "overfull":
        write({"id": number, "result": [symbol("s")] * 10001})
    elif mode == "slow":
        time.sleep(0.3)
        write({"id": number, "result": [symbol("slow")]})
    elif mode == "silent":
        open("asked", "w").close()
        time.sleep(1000)
    elif mode == "stale":
        write({"id": number + 7, "result": [symbol("wrong")]})
        write({"id": str(number), "result": [symbol("wrong")]})
        write({"id": number, "result": [symbol("right")]})
    else:
        write({"id": number, "result": None})
'''
PROJECT = {"languageId": "python", "pathToProject": "."}
SYMBOLS = "/lsp/document-symbols?languageId=python&pathToProject=.&uri=a.py"


class Servers(unittest.TestCase):
    def daemon(self, mode, **config):
        daemon = self.enterContext(Daemon(config))
        programs = os.path.join(daemon.folder, "bin")
        os.mkdir(programs)
        if mode:
            path = os.path.join(programs, "pylsp")
            with open(path, "w", encoding="ascii") as file:
                file.write(SCRIPT.replace("@MODE@", mode))
            os.chmod(path, 0o755)
        with open(os.path.join(daemon.work, "a.py"), "w") as file:
            file.write("x = 1\n")
        path = f"{programs}:/usr/bin:/bin" if mode else programs
        answer = daemon.post("/env", {"set": {"PATH": path}})
        self.assertEqual(answer.status, 200, answer.text)
        return daemon

    def started(self, mode):
        daemon = self.daemon(mode)
        answer = daemon.post("/lsp/start", PROJECT)
        self.assertEqual((answer.status, answer.body), (200, b""), answer.text)
        return daemon

    def check_unhurt(self, daemon):
        self.assertEqual(daemon.get("/version").status, 200)
        self.assertLess(int(daemon.status_field("VmHWM").split()[0]),
                        (32 << 10) * MEMORY_FACTOR)

    def children(self, daemon):
        with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children") as file:
            return file.read().split()

    def test_a_missing_one_is_named_with_what_installs_it(self):
        daemon = self.daemon(None)
        for language, program, installation in (
                ("python", "pylsp", "python-lsp-server"),
                ("typescript", "typescript-language-server", "npm install"),
                ("javascript", "typescript-language-server", "npm install")):
            body = check_problem(
                self, daemon.post("/lsp/start", {**PROJECT,
                                                 "languageId": language}),
                500, "INTERNAL_SERVER_ERROR", f"{program} was not found")
            self.assertIn(installation, body["message"])

    def test_what_it_wrote_before_it_ended_is_told(self):
        daemon = self.daemon("exits")
        for _ in range(2):  # a start that failed leaves nothing behind
            body = check_problem(self, daemon.post("/lsp/start", PROJECT),
                                 500, "INTERNAL_SERVER_ERROR", "exit code 3")
            self.assertIn("no module named something", body["message"])
        self.assertTrue(wait_until(lambda: not self.children(daemon)))

    def test_one_that_refuses_to_start_is_quoted(self):
        daemon = self.daemon("refuses")
        check_problem(self, daemon.post("/lsp/start", PROJECT), 500,
                      "INTERNAL_SERVER_ERROR", "not today")

    def test_nonsense_ends_it_and_hurts_nobody(self):
        for mode, why in (("garbage", "CR LF"), ("huge", "longer than"),
                          ("large", "no JSON"), ("header", "header"),
                          ("dies", "signal 9")):
            with self.subTest(mode=mode):
                daemon = self.started(mode)
                body = check_problem(self, daemon.get(SYMBOLS), 500,
                                     "INTERNAL_SERVER_ERROR", "has ended")
                self.assertIn(why, body["message"])
                self.assertTrue(wait_until(lambda: not self.children(daemon)))
                check_problem(self, daemon.get(SYMBOLS), 400,
                              "LSP_SERVER_NOT_INITIALIZED", why)
                self.check_unhurt(daemon)
                answer = daemon.post("/lsp/start", PROJECT)
                self.assertEqual(answer.status, 200, answer.text)

    def test_a_flood_of_messages_costs_pid_1_nothing(self):
        daemon = self.started("chatty")
        begun = time.monotonic()
        while time.monotonic() < begun + 1:
            self.check_unhurt(daemon)
        self.assertEqual(daemon.post("/lsp/stop", PROJECT).status, 200)
        self.assertEqual(self.children(daemon), [])

    def test_starting_can_be_ended_and_holds_up_nothing(self):
        daemon = self.daemon("mute")
        answers = []
        starting = threading.Thread(
            target=lambda: answers.append(daemon.post("/lsp/start", PROJECT)))
        starting.start()
        self.assertTrue(wait_until(lambda: self.children(daemon)))
        self.check_unhurt(daemon)
        self.assertTrue(wait_until(
            lambda: daemon.post("/lsp/stop", PROJECT).status == 200))
        starting.join(20)
        self.assertFalse(starting.is_alive())
        self.assertEqual(answers[0].status, 500, answers[0].text)
        self.assertEqual(self.children(daemon), [])

    def test_stopping_ends_what_hides_in_sessions_of_its_own(self):
        daemon = self.started("children")
        self.assertEqual(daemon.post("/lsp/stop", PROJECT).status, 200)
        self.assertEqual(
            daemon.output("pgrep -fx 'sleep 1000[.]75' || true"), "")

    def test_nothing_is_left_of_one_that_ends_by_itself(self):
        daemon = self.started("orphans")
        check_problem(self, daemon.get(SYMBOLS), 500, "INTERNAL_SERVER_ERROR",
                      "signal 9")
        self.assertTrue(wait_until(lambda: daemon.output(
            "pgrep -fx 'sleep 1000[.]75' || true") == ""))

    def test_who_waits_is_told_that_it_was_stopped(self):
        daemon = self.started("silent")
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(daemon.get(SYMBOLS)))
        asking.start()
        asked = os.path.join(daemon.work, "asked")
        self.assertTrue(wait_until(lambda: os.path.exists(asked)))
        self.assertEqual(daemon.post("/lsp/stop", PROJECT).status, 200)
        asking.join(20)
        self.assertFalse(asking.is_alive())
        # Who is asked first, its keeper or PID 1, is a matter of chance.
        self.assertEqual(answers[0].status, 500, answers[0].text)
        self.assertRegex(answers[0].json["message"],
                         "has ended.*(was stopped|signal 15)")
        self.assertEqual(self.children(daemon), [])

    def test_its_own_questions_are_answered(self):
        daemon = self.started("asks")
        path = os.path.join(daemon.work, "answers")

        def answers():
            if not os.path.exists(path):
                return ""
            with open(path, encoding="utf-8") as file:
                return file.read()

        self.assertTrue(wait_until(lambda: answers().count("\n") == 2))
        text = answers()
        self.assertIn('"id": "q", "result": [null, null]', text)
        self.assertIn("-32601", text)

    def test_nothing_found_is_an_empty_list(self):
        daemon = self.started("plain")
        self.assertEqual(daemon.get(SYMBOLS).json, [])
        answer = daemon.post("/lsp/completions",
                             {**PROJECT, "uri": "a.py",
                              "position": {"line": 0, "character": 0}})
        self.assertEqual(answer.json, {"isIncomplete": False, "items": []})

    def test_answers_to_other_questions_are_left_aside(self):
        daemon = self.started("stale")
        self.assertEqual([one["name"] for one in daemon.get(SYMBOLS).json],
                         ["right"])

    def test_more_than_a_list_holds_is_an_error(self):
        daemon = self.started("overfull")
        check_problem(self, daemon.get(SYMBOLS), 413, "REQUEST_TOO_LARGE",
                      "10000")

    def test_who_reads_slowly_holds_up_nobody(self):
        daemon = self.started("list")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(daemon.socket_path)
            slow.sendall(f"GET {SYMBOLS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            slow.settimeout(30)
            self.assertTrue(slow.recv(10))
            self.assertEqual(len(daemon.get(SYMBOLS).json), 10000)
            self.check_unhurt(daemon)

    def test_one_that_does_not_answer_is_not_waited_for_without_end(self):
        daemon = self.started("silent")
        begun = time.monotonic()
        check_problem(self, daemon.get(SYMBOLS), 408, "REQUEST_TIMEOUT",
                      "request timeout")
        self.assertLess(time.monotonic() - begun, 40)
        self.check_unhurt(daemon)

    def test_too_many_at_once_are_turned_away(self):
        daemon = self.started("slow")
        answers = []
        threads = [threading.Thread(
            target=lambda: answers.append(daemon.get(SYMBOLS).status))
            for _ in range(30)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(set(answers), {200, 503})
        self.assertGreaterEqual(answers.count(200), 16)
        self.assertEqual(daemon.get(SYMBOLS).status, 200)

    def test_there_are_not_endlessly_many(self):
        daemon = self.daemon("plain")
        statuses = [daemon.post("/lsp/start",
                                {**PROJECT, "pathToProject": f"/p{i}"}).status
                    for i in range(17)]
        self.assertEqual(statuses, [200] * 16 + [503])
        self.assertEqual(daemon.post(
            "/lsp/stop", {**PROJECT, "pathToProject": "/p3"}).status, 200)
        self.assertEqual(daemon.post("/lsp/start", PROJECT).status, 200)

    def test_bad_requests_name_what_is_wrong(self):
        daemon = self.daemon("plain")
        for verb, body, needle in (
                ("start", {}, "languageId"),
                ("start", {"languageId": "python"}, "pathToProject"),
                ("start", {**PROJECT, "languageId": 1}, "languageId"),
                ("start", {**PROJECT, "languageId": "cobol"}, "cobol"),
                ("stop", {"pathToProject": "."}, "languageId"),
                ("did-open", PROJECT, "uri"),
                ("did-close", {**PROJECT, "uri": ""}, "uri"),
                ("completions", {**PROJECT, "uri": "a.py"}, "position"),
                ("completions", {**PROJECT, "uri": "a.py",
                                 "position": {"line": 0}}, "character")):
            answer = daemon.post(f"/lsp/{verb}", body)
            self.assertEqual(answer.status, 400, answer.text)
            self.assertIn(needle, answer.json["message"])
        for path in ("/lsp/document-symbols?languageId=python&uri=x",
                     "/lsp/document-symbols?languageId=python&pathToProject=.",
                     "/lsp/workspacesymbols?languageId=python&pathToProject=."
                     "&query="):
            check_problem(self, daemon.get(path), 400, "BAD_REQUEST",
                          "is required")
        check_problem(self, daemon.post("/lsp/start", b"x" * 70000), 413,
                      "REQUEST_TOO_LARGE")
        for method, path in (("GET", "/lsp/start"), ("POST", "/lsp"),
                             ("POST", "/lsp/workspacesymbols")):
            check_problem(self, daemon.call(method, path), 404, "NOT_FOUND")
        self.assertEqual(self.children(daemon), [])


if __name__ == "__main__":
    unittest.main()
