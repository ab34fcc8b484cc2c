"""The log read back with `varve log dump`, and folded without the server."""

import json

LIVE_STATES = {
    "SandboxCreated": "creating", "SandboxStartRequested": "starting",
    "SandboxStarted": "started", "SandboxStopRequested": "stopping",
    "SandboxStopped": "stopped", "SandboxFailed": "error",
    "SandboxRecoveryRequested": "starting",
    "SandboxDestroyRequested": "destroying",
    "SandboxPauseRequested": "pausing", "SandboxPaused": "paused",
    "SandboxResumeRequested": "resuming", "SandboxResumed": "started",
    "SandboxAdjusted": "started",
    "SandboxImageResolved": "pulling_snapshot",
    "SandboxImagePulled": "creating",
    "SandboxArchiveRequested": "archiving",
    "SandboxArchived": "archived", "SandboxRestoreRequested": "restoring",
}


class Sandbox:
    def __init__(self, sandbox_id, name, organization, resources):
        self.id, self.name = sandbox_id, name
        self.organization, self.resources = organization, resources
        self.state = "creating"
        self.cause = None
        self.reason = ""


class LogFold:
    """Sandboxes, command ids and chain of every record that counts."""

    def __init__(self):
        self.records = 0
        self.command_ids = set()
        self.sandboxes = {}   # all that ever were, destroyed ones too
        self.versions = {}    # (aggregate, id) -> last version
        self.indexes = {}     # partition -> last index
        self.problems = []

    def live(self):
        return {s.id: s for s in self.sandboxes.values()
                if s.state != "destroyed"}

    def started(self):
        """Those that have processes, also when these are frozen."""
        return {s.id for s in self.sandboxes.values()
                if s.state in ("started", "paused", "resizing")}

    def names(self):
        """Names that are taken: given back once deletion is asked for."""
        return sorted(s.name for s in self.sandboxes.values()
                      if s.state not in ("destroying", "destroyed"))

    def counters(self, organization):
        """What its sandboxes take, recounted: cpu and memory while they run
        or are about to, disk unless in error, and one each."""
        sums = {"cpu_millis": 0, "memory_mib": 0, "disk_gib": 0,
                "sandboxes": 0}
        for s in self.sandboxes.values():
            if (s.organization != organization
                    or s.state in ("destroying", "destroyed")):
                continue
            sums["sandboxes"] += 1
            if s.state not in ("error", "archived"):
                sums["disk_gib"] += s.resources["disk_gib"]
            if s.state not in ("error", "stopped", "archiving", "archived"):
                sums["cpu_millis"] += s.resources["cpu_millis"]
                sums["memory_mib"] += s.resources["memory_mib"]
        return sums

    def apply(self, record):
        self.records += 1
        partition, index = record["partition"], record["index"]
        if index != self.indexes.get(partition, -1) + 1:
            self.problems.append(f"partition {partition}: index {index} after "
                                 f"{self.indexes.get(partition)}")
        self.indexes[partition] = index
        if record.get("command_id"):
            self.command_ids.add(record["command_id"])
        for entry in record["entries"]:
            self._entry(record, entry)

    def _entry(self, record, entry):
        stream = (entry["aggregate"], entry["aggregate_id"])
        if entry["version"] != self.versions.get(stream, 0) + 1:
            self.problems.append(f"{stream}: version {entry['version']} after "
                                 f"{self.versions.get(stream, 0)}")
        self.versions[stream] = entry["version"]
        if entry["aggregate"] == "Sandbox":
            self._sandbox(record, entry)

    def _sandbox(self, record, entry):
        kind, event = entry["event_type"], entry["event"]
        sandbox_id = entry["aggregate_id"]
        if kind == "SandboxCreated":
            self.sandboxes[sandbox_id] = Sandbox(
                sandbox_id, event["name"], record["organization_id"],
                event["resources"])
        sandbox = self.sandboxes[sandbox_id]
        if kind in ("SandboxResizeRequested", "SandboxAdjusted"):
            sandbox.resources = event["resources"]
        if kind in ("SandboxResizeRequested", "SandboxNetworkRequested"):
            if sandbox.state == "started":
                sandbox.state = "resizing"
        if kind == "SandboxDestroyed":
            sandbox.state = "destroyed"
        else:
            sandbox.state = LIVE_STATES.get(kind, sandbox.state)
        if kind in LIVE_STATES:
            sandbox.cause = record.get("cause")
            sandbox.reason = event.get("reason", "")


def read(server):
    code, output, errors = server.command("log", "dump")
    if code != 0:
        raise RuntimeError(f"log dump ended with {code}: {errors}")
    fold = LogFold()
    for line in output.splitlines():
        fold.apply(json.loads(line))
    return fold
