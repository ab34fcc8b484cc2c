"""The process behind a context of the code interpreter: runs one piece of
code after another in one namespace. Executed behind pyplot_hook.py.

What code prints goes to descriptors 1 and 2 as it is; what is said about it
goes over CHANNEL, a line each: "ready", "done", "interrupted", or one of
"error", "result", "chart" with a JSON object behind it. In come lines of JSON:
{"code","envs"}."""

import __future__
import ast
import io
import json
import linecache
import os
import signal
import sys
import threading
import traceback
import types

CHANNEL = 4
TEXT_LIMIT = 256 << 10
LINE_LIMIT = 4 << 20
KEPT_SOURCES = 200
PAGES = ("text/html", "text/markdown", "text/latex", "image/svg+xml",
         "application/json")
FUTURE = 0
for feature in __future__.all_feature_names:
    FUTURE |= getattr(__future__, feature).compiler_flag


class Channel:
    def __init__(self, fd):
        os.set_inheritable(fd, False)
        self.fd = fd
        self.incoming = os.fdopen(fd, "rb", closefd=False)
        self.lock = threading.Lock()
        self.is_guarded = False  # an interrupt waits for the line's end
        self.is_interrupted = False

    def send(self, kind, members=None):
        line = kind
        if members is not None:
            body = {"text": "", "name": "", "value": "", "traceback": ""}
            body.update(members)
            line += " " + json.dumps(body, allow_nan=False)
        if len(line) > LINE_LIMIT:
            sys.stderr.write("a %s was left out: it is too large\n" % kind)
            return
        is_main = threading.current_thread() is threading.main_thread()
        self.is_guarded = self.is_guarded or is_main
        try:
            with self.lock:
                self.write(line.encode("ascii") + b"\n")
        finally:
            if is_main:
                self.is_guarded = False
        if is_main and self.is_interrupted:
            self.is_interrupted = False
            raise KeyboardInterrupt

    def write(self, data):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.fd, rest):]

    def receive(self):
        """The next request; None when there is nobody left to ask."""
        line = self.incoming.readline()
        return json.loads(line.decode()) if line else None


def clean(text):
    """Any text as JSON can carry it, and not too long."""
    text = str(text)
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + "... (%d characters)" % len(text)
    return text.encode("utf-8", "replace").decode("utf-8")


def open_stream(fd):
    """Written out at every end of a line, or by 1024 bytes."""
    raw = io.BufferedWriter(io.FileIO(fd, "w", closefd=False), 1024)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace",
                            line_buffering=True, write_through=True)


def flush():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except Exception:
            pass  # code may have replaced or closed it


class Interpreter:
    def __init__(self, channel):
        self.channel = channel
        self.pid = os.getpid()
        self.is_running = False
        self.count = 0
        self.flags = 0
        self.sources = []
        self.spares = {fd: os.dup(fd) for fd in (1, 2)}
        self.main = types.ModuleType("__main__")
        self.main.__dict__["__builtins__"] = __builtins__
        sys.modules["__main__"] = self.main

    def on_interrupt(self, *_):
        # Only code is interrupted, never what is around it.
        if self.is_running and self.channel.is_guarded:
            self.channel.is_interrupted = True
        elif self.is_running:
            raise KeyboardInterrupt

    def serve(self):
        signal.signal(signal.SIGINT, self.on_interrupt)
        self.channel.send("ready")
        while True:
            request = self.channel.receive()
            if request is None:
                return
            before = self.enter(request.get("envs") or {})
            try:
                outcome = self.run(request["code"])
            except KeyboardInterrupt:  # it came when all was over
                outcome = "interrupted"
            self.is_running = False
            self.channel.is_interrupted = False
            if os.getpid() != self.pid:
                flush()
                os._exit(0)  # a fork that fell out of the code
            self.leave(before)
            self.reopen()
            flush()
            self.channel.send(outcome)

    def reopen(self):
        """What the code closed is there again for the next."""
        for fd, spare in self.spares.items():
            try:
                os.fstat(fd)
            except OSError:
                os.dup2(spare, fd)

    @staticmethod
    def enter(variables):
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        return before

    @staticmethod
    def leave(before):
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def run(self, source):
        try:
            body, last = self.compile(source)
            self.is_running = True
            exec(body, self.main.__dict__)
            value = eval(last, self.main.__dict__) if last else None
            if value is not None:
                self.tell_result(value)
            self.is_running = False
        except KeyboardInterrupt:
            self.is_running = False
            return "interrupted"
        except SystemExit as error:
            self.is_running = False
            if isinstance(error.code, str):
                sys.stderr.write(error.code + "\n")
        except BaseException as error:
            self.is_running = False
            self.tell_error(error)
        return "done"

    def compile(self, source):
        self.count += 1
        name = "<stdin-%d>" % self.count
        lines = source.splitlines(True)
        linecache.cache[name] = (len(source), None, lines, name)
        self.sources.append(name)
        if len(self.sources) > KEPT_SOURCES:
            linecache.cache.pop(self.sources.pop(0), None)
        tree = compile(source, name, "exec", self.flags | ast.PyCF_ONLY_AST,
                       dont_inherit=True)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)
        body = compile(tree, name, "exec", self.flags, dont_inherit=True)
        self.flags |= body.co_flags & FUTURE
        if last:
            last = compile(last, name, "eval", self.flags, dont_inherit=True)
        return body, last

    def tell_result(self, value):
        data = {}
        for kind in PAGES:
            method = "_repr_%s_" % kind.split("/")[1].split("+")[0]
            make = getattr(type(value), method, None)
            if make is None:
                continue
            try:
                made = make(value)
                json.dumps(made, allow_nan=False)
            except Exception:
                continue  # a page less
            if made is not None and len(str(made)) <= TEXT_LIMIT:
                data[kind] = clean(made) if isinstance(made, str) else made
        self.channel.send("result", {"text": clean(repr(value)),
                                     "data": data})

    def tell_error(self, error):
        try:
            value = str(error)
        except Exception:
            value = "<its text cannot be made>"
        trace = error.__traceback__
        while trace and not trace.tb_frame.f_code.co_filename.startswith(
                "<stdin-"):
            trace = trace.tb_next
        told = traceback.TracebackException(type(error), error, trace)
        rename(told, set())
        self.channel.send("error", {
            "name": clean(type(error).__name__), "value": clean(value),
            "traceback": clean("".join(told.format()))})


def rename(told, seen):
    """Pieces of code are told apart inside, and all called <stdin> outside."""
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    kept = []
    for frame in told.stack:
        frame.line  # looked up by the name it has
        if frame.filename.startswith("<stdin-"):
            frame.filename = "<stdin>"
        # What runs the code is in the traces of an earlier exception too.
        if frame.filename != "<string>" or frame.name not in ("run", "serve"):
            kept.append(frame)
    told.stack[:] = kept
    if str(getattr(told, "filename", "")).startswith("<stdin-"):
        told.filename = "<stdin>"
    for other in (told.__cause__, told.__context__):
        rename(other, seen)
    for other in getattr(told, "exceptions", None) or ():
        rename(other, seen)


def start():
    sys.stdout = sys.__stdout__ = open_stream(1)
    sys.stderr = sys.__stderr__ = open_stream(2)
    sys.argv = [""]
    channel = Channel(CHANNEL)
    watch_for_charts(  # noqa: F821: of pyplot_hook.py
        lambda chart: channel.send("chart", {"chart": chart}))
    Interpreter(channel).serve()


start()
