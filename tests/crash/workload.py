"""Clients that create, stop, start and delete while the server dies.

Every worker owns one sandbox at a time and knows what the server must say of
it: what the last acknowledged command made of it, or, while an answer is
missing, either that or what the unanswered command would have made of it.
"""

import random
import threading
import time

from harness.client import Client, Lost, new_command_id

ABSENT, STARTED, STOPPED = "absent", "started", "stopped"
MOVING = ("creating", "starting", "stopping", "destroying", "restoring",
          "pausing", "resuming", "resizing")
AIM = {"create": STARTED, "start": STARTED, "stop": STOPPED, "delete": ABSENT}
CHOICES = {ABSENT: [("create", 1)],
           STARTED: [("stop", 6), ("delete", 4)],
           STOPPED: [("start", 6), ("delete", 4)]}
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

    def run(self):
        while self.gate.go_on():
            try:
                if len(self.allowed) > 1:
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
        self.allowed = {state, AIM[action]}
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
            return self.client.create(
                command_id, name=self.name, labels={"by": self.name},
                env={"CANARY": self.canary})
        if action == "delete":
            return self.client.delete(self.id, command_id)
        return self.client.act(self.id, action, command_id)

    def judge(self, action, before, command_id, answer):
        if 200 <= answer.status < 300:
            if action == "create":
                self.id = answer.json["id"]
            self.allowed = {AIM[action]}
            self.ledger.acknowledge(command_id, action, self.id)
            shown = answer.json.get("state") if answer.body else None
            if shown in MOVING:  # the answer's bounded wait was over
                self.look()
        elif answer.status in (429, 503):
            self.allowed = {before}
            self.ledger.refused(answer.status)
            time.sleep(0.05)
        else:
            self.allowed = {before}
            self.ledger.problem(f"{action} {self.name} answered {answer}")
            time.sleep(0.2)

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
                                f"{sorted(self.allowed)}: {answer}")
            shown = self.abandon()
        elif shown != ABSENT:
            self.id = answer.json["id"]
        self.allowed = {shown}

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
