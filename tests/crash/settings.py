"""What a sandbox is set to, as one of its clients must find it."""

DEFAULTS = {"cpu": 1, "networkBlockAll": False, "labels": None,
            "autoDeleteInterval": -1, "public": False}
MOST_CPU = 3


class Settings:
    """Of each the values that may be shown: more than one while it is not
    known whether a change was carried out."""

    def __init__(self):
        self.may_be = {name: {value} for name, value in DEFAULTS.items()}
        self.turn = 0
        self.asked = None  # (name, value)

    def request(self, action, sandbox_id):
        """(method, path, body) of a change, never to what it is already:
        that would leave nothing on the log."""
        self.turn += 1
        method, rest, body, name, value = getattr(self, "_" + action)()
        self.asked = (name, value)
        self.may_be[name] = self.may_be[name] | {value}
        return method, f"/api/sandbox/{sandbox_id}/{rest}", body

    def _is(self, name):
        value, = self.may_be[name]
        return value

    def _resize(self):
        # One that runs can only grow.
        more = self._is("cpu") + 1
        if more > MOST_CPU:
            return self._labels()
        return "POST", "resize", {"cpu": more}, "cpu", more

    def _network(self):
        block = not self._is("networkBlockAll")
        return ("POST", "network-settings", {"networkBlockAll": block},
                "networkBlockAll", block)

    def _labels(self):
        turn = str(self.turn)
        return "PUT", "labels", {"labels": {"turn": turn}}, "labels", turn

    def _timer(self):
        minutes = 5 + self.turn
        return ("POST", f"autodelete/{minutes}", None, "autoDeleteInterval",
                minutes)

    def _public(self):
        public = not self._is("public")
        return ("POST", f"public/{str(public).lower()}", None, "public",
                public)

    def answered(self, shown):
        """The change was acknowledged. What is wrong about it."""
        name, value = self.asked
        self.may_be[name] = {value}
        return self.seen(shown)

    def seen(self, shown):
        """It has come to rest; from here on it is known. What is wrong."""
        wrong = []
        for name, allowed in self.may_be.items():
            value = _value(name, shown)
            if value not in allowed:
                wrong.append(f"{name} is {value}, allowed was "
                             f"{sorted(map(str, allowed))}")
            self.may_be[name] = {value}
        return wrong


def _value(name, shown):
    if name == "labels":
        return shown["labels"].get("turn")
    return shown.get(name)
