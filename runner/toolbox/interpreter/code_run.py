"""Runs the Python code on stdin as `python3 -` does, and writes each chart it
shows as a line of JSON to a descriptor. Executed behind pyplot_hook.py."""

import linecache
import os
import sys
import types

CHARTS_FD = 8
NAME = "<stdin>"


def emit(chart):
    import json
    text = json.dumps(chart, allow_nan=False) + "\n"
    rest = memoryview(text.encode("ascii", "replace"))
    try:
        while rest:
            rest = rest[os.write(CHARTS_FD, rest):]
    except OSError:
        sys.stderr.write("a chart was left out: they are too large\n")


def run():
    os.set_inheritable(CHARTS_FD, False)
    watch_for_charts(emit)  # noqa: F821: of pyplot_hook.py
    source = sys.stdin.buffer.read()
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    sys.argv[0] = "-"
    lines = source.decode("utf-8", "replace").splitlines(True)
    linecache.cache[NAME] = (len(source), None, lines, NAME)
    try:
        exec(compile(source, NAME, "exec", dont_inherit=True), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = error.__traceback__.tb_next  # without this frame
        hook = sys.excepthook
        if hook is sys.__excepthook__:
            import traceback
            hook = traceback.print_exception  # shows lines of the code
        hook(type(error), error, error.__traceback__)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


run()
