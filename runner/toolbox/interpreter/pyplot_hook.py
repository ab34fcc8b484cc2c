"""Puts charts.py into matplotlib.pyplot when code imports it, and costs
nothing before. Executed with `charts_source` in its globals."""

import os
import sys


class PyplotFinder:
    """Lets others find the module, and adds to what its import does."""

    def __init__(self, emit):
        self.emit = emit
        self.looking = False

    def find_spec(self, name, path=None, target=None):
        if name != "matplotlib.pyplot" or self.looking:
            return None
        import importlib.util
        self.looking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.looking = False
        if spec is None or spec.loader is None:
            return spec
        original = spec.loader.exec_module

        def exec_module(module):
            original(module)
            self.install(module)

        spec.loader.exec_module = exec_module
        return spec

    def install(self, pyplot):
        scope = {"emit": self.emit, "__name__": "varve_charts"}
        exec(compile(charts_source, "<charts>", "exec"), scope)  # noqa: F821
        scope["patch"](pyplot)


def watch_for_charts(emit):
    # There is no screen to open windows on.
    os.environ.setdefault("MPLBACKEND", "agg")
    sys.meta_path.insert(0, PyplotFinder(emit))
