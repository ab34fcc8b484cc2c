#!/usr/bin/env python3
"""kill -9 at random times under load: nothing acknowledged is lost.

A failing run is repeated with the seed it printed: kills.py ... --seed N.
"""

import random
import sys
import time

from options import guarded, parse  # first: it finds the other folders

import canary
import checks
import log_fold
from workload import Workload
from harness import kernel_view
from harness.client import Client, new_command_id
from harness.server import Server

WORKERS = 16
LOADED = 8           # requests in flight that make a kill count as loaded
LOADED_SHARE = 0.8   # of the kills
STEADY = 3           # sandboxes nobody touches


class Trial:
    def __init__(self, server, options, report):
        self.server, self.report = server, report
        self.kills = options.by_length(ci=5, full=200)
        self.build, seed = options.build, options.seed
        self.random = random.Random(seed)
        self.canary = canary.make(seed)
        self.in_flight = []
        self.start_times = []
        self.client = Client(server.port, server.key)
        self.steady = self.make_steady()
        self.load = Workload(server, self.canary, WORKERS, seed)

    def make_steady(self):
        ids = []
        for number in range(STEADY):
            answer = self.client.create(name=f"steady-{number}",
                                        env={"CANARY": self.canary},
                                        command_id=new_command_id())
            if answer.status != 200 or answer.json["state"] != "started":
                raise SystemExit(f"first create answered {answer}")
            ids.append(answer.json["id"])
        return ids

    def steady_processes(self):
        found = kernel_view.first_processes(self.steady)
        return {sandbox_id: process.identity
                for sandbox_id, process in found.items()}

    def kill_and_restart(self):
        time.sleep(self.random.uniform(0.5, 2.5))
        with self.load.ledger.lock:
            self.in_flight.append(self.load.ledger.in_flight)
        self.load.gate.closed()
        self.server.kill()
        self.client.close()
        if self.random.random() < 0.2:  # once more while it reads its log
            self.server.spawn()
            time.sleep(self.random.uniform(0.0, 0.4))
            self.server.kill()
        begun = time.monotonic()
        self.server.start()
        self.start_times.append(time.monotonic() - begun)
        self.load.gate.opened()

    def run(self):
        before = self.steady_processes()
        self.report.expect(len(before) == STEADY, "steady ones do not run")
        self.load.start()
        for number in range(self.kills):
            self.kill_and_restart()
            self.report.expect(
                self.steady_processes() == before,
                f"after kill {number + 1} the steady sandboxes are other "
                "processes")
        last_start = time.monotonic()
        self.load.stop()
        self.judge(last_start)

    def judge(self, last_start):
        report, ledger = self.report, self.load.ledger
        listed = checks.nothing_transitional(self.client, report, last_start)
        fold = log_fold.read(self.server)
        report.problems += ledger.problems + fold.problems
        for command_id, action, sandbox_id in ledger.acknowledged:
            report.expect(command_id in fold.command_ids,
                          f"acknowledged {action} of {sandbox_id} is not on "
                          f"the log: {command_id}")
        self.judge_states(fold)
        checks.api_agrees(fold, listed, report)
        checks.kernel_agrees(fold, self.server, report)
        checks.files_agree(fold, self.server, report)
        checks.counters_agree(fold, self.server, self.build, report)
        self.judge_names(fold)
        self.judge_read_models()
        destroyed = set(fold.sandboxes) - set(fold.live())
        checks.nothing_left_of(destroyed, self.server, report)
        self.judge_canary()
        self.figures(fold)

    def judge_states(self, fold):
        report = self.report
        states = {s.name: s.state for s in fold.live().values()}
        for worker in self.load.workers:
            for one in filter(lambda one: one.name, worker.owned):
                state = states.get(one.name, "absent")
                report.expect(
                    state in one.allowed,
                    f"{one.name} is {state} on the log, acknowledged was "
                    f"{sorted(one.allowed)}")
                if state != "absent":
                    shown = self.client.get(one.name).json
                    report.problems += [f"{one.name}: {wrong}" for wrong
                                        in one.settings.seen(shown)]
        for number in range(STEADY):
            state = states.get(f"steady-{number}")
            report.expect(state == "started",
                          f"steady-{number} is {state}")

    def judge_names(self, fold):
        """A name on the log is taken, one given back is free."""
        taken = fold.names()
        self.report.expect(len(taken) == len(set(taken)),
                           f"a name is on the log twice: {taken}")
        for name in taken[:5]:
            answer = self.client.create(name=name)
            self.report.expect(answer.status == 409,
                               f"{name} is taken, create answered {answer}")
        given_back = {s.name for s in fold.sandboxes.values()} - set(taken)
        for name in sorted(given_back)[:2]:
            answer = self.client.create(name=name)
            self.report.expect(answer.status == 200,
                               f"{name} is free, create answered {answer}")
            self.client.delete(name)

    def judge_read_models(self):
        """Rebuilt from the log they say the same."""
        before = self.client.every_sandbox()
        code, output, errors = self.server.command("projections", "rebuild")
        self.report.expect(code == 0, f"rebuild ended with {code}: "
                                      f"{output}{errors}")
        after = self.client.every_sandbox()
        self.report.expect(before == after, "rebuilt read models differ")

    def judge_canary(self):
        report, sandbox_id = self.report, self.steady[0]
        answer = self.client.execute(sandbox_id, "printenv CANARY")
        report.expect(answer.status == 200 and self.canary in
                      answer.json["result"], f"printenv answered {answer}")
        answer = self.client.get(sandbox_id)
        report.expect(answer.json["env"] == {"CANARY": self.canary},
                      f"GET shows env {answer.json['env']}")
        searched, found = canary.files_with(
            self.canary, [self.server.home])
        report.expect(not found, f"env in clear in {found}")
        report.figure("files searched for env in clear", searched)

    def figures(self, fold):
        report, ledger = self.report, self.load.ledger
        loaded = sum(1 for count in self.in_flight if count >= LOADED)
        report.expect(loaded >= LOADED_SHARE * self.kills,
                      f"only {loaded} of {self.kills} kills met {LOADED} or "
                      "more requests in flight")
        report.figure("kills", self.kills)
        report.figure(f"kills with {LOADED} or more in flight", loaded)
        report.figure("acknowledged commands", len(ledger.acknowledged))
        for action, count in sorted(ledger.by_action().items()):
            report.figure(f"of these {action}", count)
        report.figure("commands without an answer", ledger.unanswered)
        report.figure("refused for now", ledger.refusals)
        report.figure("records on the log", fold.records)
        report.figure("sandboxes made", len(fold.sandboxes))
        report.figure("longest start after a kill, s",
                      round(max(self.start_times), 2))


def trial(options, report):
    report.figure("seed", options.seed)
    server = Server(options.binaries)
    with guarded(server, report):
        server.start()
        Trial(server, options, report).run()


if __name__ == "__main__":
    sys.exit(parse(__doc__).run("killed under load", trial))
