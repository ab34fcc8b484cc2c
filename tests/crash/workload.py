"""Clients that do everything to sandboxes while the server dies.

Every worker owns one sandbox at a time and knows what the server must say of
it: what the last acknowledged command made of it, or, while an answer is
missing, either that or what the unanswered command would have made of it. So
it is with its state, and with each of its settings.
"""

import random
import threading
import time

from harness.client import Client, Lost, new_command_id
from settings import Settings

ABSENT, STARTED, STOPPED, PAUSED = "absent", "started", "stopped", "paused"
MOVING = ("creating", "starting", "stopping", "destroying", "restoring",
          "pausing", "resuming", "resizing", "archiving")
# What does not stand here leaves the state as it is.
AIM = {"create": STARTED, "start": STARTED, "stop": STOPPED, "delete": ABSENT,
       "pause": PAUSED}
SETTING = [("resize", 2), ("network", 2), ("labels", 1), ("timer", 1),
           ("public", 1)]
CHOICES = {ABSENT: [("create", 1)],
           STARTED: [("stop", 5), ("delete", 4), ("pause", 4), *SETTING],
           STOPPED: [("start", 9), ("delete", 4), *SETTING],
           PAUSED: [("start", 7), ("stop", 2), ("delete", 2),
                    *SETTING[2:]]}
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

    def problem(self, text):
        with self.lock:
            self.problems.append(text)


class Worker(threading.Thread):
    def __init__(self, number, port, key, canary, ledger, gate, seed):
        super().__init__(name=f"worker-{number}", daemon=True)
        self.number, self.canary = number, canary
        self.ledger, self.gate = ledger, gate
        self.random = random.Random(seed)
        self.client = Client(port, key)
        self.generation = 0
        self.name, self.id = "", None
        self.allowed = {ABSENT}  # more than one while an answer is missing
        self.settings = Settings()
        self.must_look = False

    def run(self):
        while self.gate.go_on():
            try:
                if self.must_look:
                    self.look()
                else:
                    self.step()
            except Lost:
                self.gate.wait_for_server()
        self.client.close()

    def step(self):
        state, = self.allowed
        actions, weights = zip(*CHOICES[state])
        action, = self.random.choices(actions, weights)
        if action == "create":
            self.generation += 1
            self.name = f"w{self.number}-{self.generation}"
            self.id = None
        command_id = new_command_id()
        self.allowed = {state, AIM.get(action, state)}
        self.must_look = True  # unless an answer says it all
        self.ledger.sent()
        try:
            answer = self.send(action, command_id)
        except Lost:
            self.ledger.lost()
            raise
        finally:
            self.ledger.answered()
        self.judge(action, state, command_id, answer)

    def send(self, action, command_id):
        if action == "create":
            self.settings = Settings()
            return self.client.create(
                command_id, name=self.name, labels={"by": self.name},
                env={"CANARY": self.canary}, autoStopInterval=0)
        if action == "delete":
            return self.client.delete(self.id, command_id)
        if action in AIM:
            return self.client.act(self.id, action, command_id)
        return self.client.request(
            *self.settings.request(action, self.id), command_id)

    def judge(self, action, before, command_id, answer):
        if 200 <= answer.status < 300:
            shown = answer.json if answer.body else {}
            if action == "create":
                self.id = shown["id"]
            self.allowed = {AIM.get(action, before)}
            self.ledger.acknowledge(command_id, action, self.id)
            self.must_look = shown.get("state") in MOVING
            if not self.must_look and action not in AIM:
                self.tell(self.settings.answered(shown))
        elif answer.status in (429, 503):
            self.allowed = {before}
            self.ledger.refused(answer.status)
            time.sleep(0.05)
        else:
            self.allowed = {before}
            self.ledger.problem(f"{action} {self.name} answered {answer}")
            time.sleep(0.2)

    def tell(self, wrong):
        for problem in wrong:
            self.ledger.problem(f"{self.name}: {problem}")

    def look(self):
        """Asks what has become of the sandbox and holds it against `allowed`."""
        end = time.monotonic() + SETTLE_LIMIT
        while True:
            answer = self.client.get(self.id or self.name)
            shown = self.state_in(answer)
            if shown is not None and shown not in MOVING:
                break
            if time.monotonic() > end:
                self.ledger.problem(f"{self.name} stays {shown}: {answer}")
                break
            time.sleep(0.1)
        if shown not in self.allowed:
            self.ledger.problem(f"{self.name} is {shown}, allowed was "
                                f"{sorted(self.allowed)}: {why(answer)}")
            shown = self.abandon()
        elif shown != ABSENT:
            self.id = answer.json["id"]
            self.tell(self.settings.seen(answer.json))
        self.allowed = {shown}
        self.must_look = False

    def abandon(self):
        """Gives up a sandbox that is not what it must be."""
        self.client.delete(self.id or self.name)
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
