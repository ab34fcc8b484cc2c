"""tests/contract/toolbox/table.json: what the toolbox's endpoints are, and
whether a value is what the table says."""

import json
import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "table.json")
PLAIN = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


class Table:
    def __init__(self):
        with open(PATH, encoding="utf-8") as file:
            whole = json.load(file)
        self.routes = {route["route"]: route for route in whole["routes"]}
        self.objects = whole["objects"]

    def is_built(self, route):
        """Computer use alone is not."""
        return " /computeruse/" not in route

    def members(self, name):
        """{member: (type, may it be absent)} of an object."""
        return {member.rstrip("?"): (kind, member.endswith("?"))
                for member, kind in self.objects[name].items()}

    def faults(self, value, kind, where="answer"):
        """Everything in which a value is not of its kind, as text."""
        if kind == "any":
            return []
        if kind in PLAIN:
            return self._plain_faults(value, kind, where)
        if kind[0] == "[":
            return self._each(value, list, enumerate, kind[1:-1], where)
        if kind[0] == "{":
            return self._each(value, dict, dict.items, kind[1:-1], where)
        return self._object_faults(value, kind, where)

    def _plain_faults(self, value, kind, where):
        is_flag = isinstance(value, bool)
        fits = isinstance(value, PLAIN[kind]) and is_flag == (kind == "boolean")
        return [] if fits else [f"{where}: {value!r} is no {kind}"]

    def _each(self, value, container, parts, kind, where):
        if not isinstance(value, container):
            return [f"{where}: {value!r} is no {container.__name__}"]
        return [fault for key, part in parts(value)
                for fault in self.faults(part, kind, f"{where}[{key}]")]

    def _object_faults(self, value, name, where):
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is no {name}"]
        out = []
        for member, (kind, optional) in self.members(name).items():
            inner = value.get(member)
            if inner is None:
                if not optional:
                    out.append(f"{where}: {name} has no {member}")
            else:
                out += self.faults(inner, kind, f"{where}.{member}")
        return out
