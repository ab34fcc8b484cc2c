"""Clients that do everything to sandboxes while the server dies.

Every worker owns a sandbox or two at a time, the second a fork of the first,
and knows what the server must say of them: what the last acknowledged command
made of each, or, while an answer is missing, either that or what the
unanswered command would have made of it. So it is with its state, and with
each of its settings.
"""

import collections
import copy
import random
import threading
import time

from harness.client import Client, Lost, new_command_id
from settings import Settings

ABSENT, STARTED, STOPPED, PAUSED = "absent", "started", "stopped", "paused"
ARCHIVED = "archived"
MOVING = ("creating", "starting", "stopping", "destroying", "restoring",
          "pausing", "resuming", "resizing", "archiving")
# What does not stand here leaves the state as it is.
AIM = {"create": STARTED, "start": STARTED, "stop": STOPPED, "delete": ABSENT,
       "pause": PAUSED, "archive": ARCHIVED}
SETTING = [("resize", 2), ("network", 2), ("labels", 1), ("timer", 1),
           ("public", 1)]
CHOICES = {ABSENT: [("create", 1)],
           STARTED: [("stop", 6), ("delete", 4), ("pause", 4), ("fork", 2),
                     *SETTING],
           STOPPED: [("start", 7), ("archive", 4), ("delete", 3), ("fork", 2),
                     *SETTING],
           PAUSED: [("start", 7), ("stop", 2), ("delete", 2), ("fork", 1),
                    *SETTING[2:]],
           ARCHIVED: [("start", 7), ("delete", 2), *SETTING[1:]]}
MOST_OWNED = 2  # by one worker
SETTLE_LIMIT = 30  # seconds for one sandbox to leave a state of passage


class Ledger:
    """What was acknowledged and what went wrong, of all workers."""

    def __init__(self):
        self.lock = threading.Lock()
        self.in_flight = 0
        self.acknowledged = []  # (command id, action, sandbox id)
        self.unanswered = 0
        self.refusals = {}      # status -> count; not acknowledged, no harm
        self.problems = []

    def sent(self):
        with self.lock:
            self.in_flight += 1

    def answered(self):
        with self.lock:
            self.in_flight -= 1

    def acknowledge(self, command_id, action, sandbox_id):
        with self.lock:
            self.acknowledged.append((command_id, action, sandbox_id))

    def lost(self):
        with self.lock:
            self.unanswered += 1

    def refused(self, status):
        with self.lock:
            self.refusals[status] = self.refusals.get(status, 0) + 1

    def by_action(self):
        return collections.Counter(
            action for _, action, _ in self.acknowledged)

    def problem(self, text):
        with self.lock:
            self.problems.append(text)


class Owned:
    """What is known of one sandbox."""

    def __init__(self, name="", allowed=ABSENT, settings=None):
        self.name, self.id = name, None
        self.allowed = {allowed}  # more than one while an answer is missing
        self.settings = settings or Settings()
        self.must_look = False


class Worker(threading.Thread):
    def __init__(self, number, port, key, canary, ledger, gate, seed):
        super().__init__(name=f"worker-{number}", daemon=True)
        self.number, self.canary = number, canary
        self.ledger, self.gate = ledger, gate
        self.random = random.Random(seed)
        self.client = Client(port, key)
        self.generation = 0
        self.owned = [Owned()]

    def run(self):
        while self.gate.go_on():
            try:
                unknown = [one for one in self.owned if one.must_look]
                if unknown:
                    self.look(unknown[0])
                else:
                    self.step(self.random.choice(self.owned))
            except Lost:
                self.gate.wait_for_server()
        self.client.close()

    def step(self, one):
        state, = one.allowed
        action = self.choose(state)
        command_id = new_command_id()
        to = one
        if action == "create":
            to = self.owned[0] = Owned(self.next_name())
        elif action == "fork":
            to = Owned(self.next_name(), settings=copy.deepcopy(one.settings))
            self.owned.append(to)
        before, = to.allowed
        to.allowed = {before, aim_of(action, before)}
        to.must_look = True  # unless an answer says it all
        self.ledger.sent()
        try:
            answer = self.send(action, one, to, command_id)
        except Lost:
            self.ledger.lost()
            raise
        finally:
            self.ledger.answered()
        self.judge(action, to, before, command_id, answer)

    def choose(self, state):
        choices = [choice for choice in CHOICES[state]
                   if choice[0] != "fork" or len(self.owned) < MOST_OWNED]
        actions, weights = zip(*choices)
        return self.random.choices(actions, weights)[0]

    def next_name(self):
        self.generation += 1
        return f"w{self.number}-{self.generation}"

    def send(self, action, one, to, command_id):
        if action == "create":
            return self.client.create(
                command_id, name=to.name, labels={"by": to.name},
                env={"CANARY": self.canary}, autoStopInterval=0)
        if action == "fork":
            return self.client.request(
                "POST", f"/api/sandbox/{one.id}/fork", {"name": to.name},
                command_id)
        if action == "delete":
            return self.client.delete(one.id, command_id)
        if action in AIM:
            return self.client.act(one.id, action, command_id)
        return self.client.request(
            *one.settings.request(action, one.id), command_id)

    def judge(self, action, to, before, command_id, answer):
        if 200 <= answer.status < 300:
            shown = answer.json if answer.body else {}
            if action in ("create", "fork"):
                to.id = shown["id"]
            to.allowed = {aim_of(action, before)}
            self.ledger.acknowledge(command_id, action, to.id)
            to.must_look = shown.get("state") in MOVING
            if not to.must_look and aim_of(action, None) is None:
                self.tell(to, to.settings.answered(shown))
        elif answer.status in (429, 503):
            to.allowed = {before}
            self.ledger.refused(answer.status)
            time.sleep(0.05)
        else:
            to.allowed = {before}
            self.ledger.problem(f"{action} {to.name} answered {answer}")
            time.sleep(0.2)
        self.forget_absent()

    def forget_absent(self):
        """Of two, the one that is no more."""
        kept = [one for one in self.owned if one.allowed != {ABSENT}]
        self.owned = kept or self.owned[:1]

    def tell(self, one, wrong):
        for problem in wrong:
            self.ledger.problem(f"{one.name}: {problem}")

    def look(self, one):
        """Asks what has become of it and holds that against `allowed`."""
        end = time.monotonic() + SETTLE_LIMIT
        while True:
            answer = self.client.get(one.id or one.name)
            shown = self.state_in(answer)
            if shown is not None and shown not in MOVING:
                break
            if time.monotonic() > end:
                self.ledger.problem(f"{one.name} stays {shown}: {answer}")
                break
            time.sleep(0.1)
        if shown not in one.allowed:
            self.ledger.problem(f"{one.name} is {shown}, allowed was "
                                f"{sorted(one.allowed)}: {why(answer)}")
            shown = self.abandon(one)
        elif shown != ABSENT:
            one.id = answer.json["id"]
            self.tell(one, one.settings.seen(answer.json))
        one.allowed = {shown}
        one.must_look = False
        self.forget_absent()

    def abandon(self, one):
        """Gives up a sandbox that is not what it must be."""
        self.client.delete(one.id or one.name)
        return ABSENT

    @staticmethod
    def state_in(answer):
        """None: ask again."""
        if answer.status == 404:
            return ABSENT
        if answer.status != 200:
            return None
        state = answer.json["state"]
        return ABSENT if state == "destroyed" else state


def aim_of(action, before):
    """What it makes of its sandbox; settings leave it as it is."""
    return STARTED if action == "fork" else AIM.get(action, before)


def why(answer):
    """What it says of what has gone wrong."""
    if answer.status != 200:
        return str(answer)
    return (f"desired {answer.json['desiredState']}, "
            f"{answer.json.get('errorReason')!r}")


class Gate:
    """Lets workers run, waits with them for the server, and ends them."""

    def __init__(self):
        self._up = threading.Event()
        self._end = threading.Event()

    def opened(self):
        self._up.set()

    def closed(self):
        self._up.clear()

    def end(self):
        self._end.set()

    def go_on(self):
        return not self._end.is_set()

    def wait_for_server(self):
        while self.go_on() and not self._up.wait(0.2):
            pass
        time.sleep(0.01)  # a server that refuses connections is not hammered


class Workload:
    def __init__(self, server, canary, workers, seed):
        self.ledger, self.gate = Ledger(), Gate()
        self.workers = [
            Worker(n, server.port, server.key, canary, self.ledger, self.gate,
                   f"{seed}-{n}") for n in range(workers)]

    def start(self):
        self.gate.opened()
        for worker in self.workers:
            worker.start()

    def stop(self):
        self.gate.end()
        for worker in self.workers:
            worker.join(timeout=SETTLE_LIMIT + 70)
            if worker.is_alive():
                self.ledger.problem(f"{worker.name} hangs")
