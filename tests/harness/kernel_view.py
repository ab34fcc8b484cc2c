"""What the kernel says runs and exists, read without asking the server."""

import json
import os
import subprocess


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


class Process:
    """Two of one process are equal: same pid, same start time."""

    def __init__(self, pid):
        self.pid = pid
        stat = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        self.state = stat[0] if stat else "gone"
        self.started = int(stat[19]) if stat else None
        self.cgroups = _read(f"/proc/{pid}/cgroup")
        self.command = _read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()

    @property
    def pid_inside(self):
        for line in _read(f"/proc/{self.pid}/status").splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
        return None

    @property
    def identity(self):
        return (self.pid, self.started)

    def __str__(self):
        return f"pid {self.pid} ({self.state}) {self.command[:120]}"


def first_processes(sandbox_ids):
    """{sandbox id: Process} of every one whose PID 1 is alive."""
    found = {}
    for pid in _processes():
        named = _read(f"/proc/{pid}/cgroup")
        if "varve-" not in named:
            continue
        # The group of one that had waited bears another name.
        named += _read(f"/proc/{pid}/root/etc/hostname")
        for sandbox_id in sandbox_ids:
            if sandbox_id not in named:
                continue
            process = Process(pid)
            if process.pid_inside == 1 and process.state != "Z":
                found[sandbox_id] = process
    return found


def mount_points(marks):
    lines = _read("/proc/self/mountinfo").splitlines()
    return [line.split()[4] for line in lines
            if any(mark in line for mark in marks)]


def _mounts(marks):
    return [f"mount {point}" for point in mount_points(marks)]


def _cgroups(marks):
    found = []
    for root, folders, _ in os.walk("/sys/fs/cgroup"):
        found += [f"cgroup {root}/{name}" for name in folders
                  if any(mark in name for mark in marks)]
    return found


def links(marks):
    """Names of network links of the host."""
    listing = subprocess.run(["ip", "-j", "link"], capture_output=True,
                             timeout=30, check=True).stdout
    return [link["ifname"] for link in json.loads(listing)
            if any(mark in json.dumps(link) for mark in marks)]


def _links(marks):
    return [f"link {name}" for name in links(marks)]


def _firewall(marks):
    rules = subprocess.run(["nft", "-a", "list", "ruleset"],
                           capture_output=True, text=True, timeout=30,
                           check=True).stdout
    return [f"nft {line.strip()}" for line in rules.splitlines()
            if any(mark in line for mark in marks)]


def _namespaces(marks):
    found = []
    for folder in ("/run/netns", "/var/run/netns"):
        if os.path.isdir(folder) and not os.path.islink(folder):
            found += [f"netns {folder}/{name}" for name in os.listdir(folder)
                      if any(mark in name for mark in marks)]
    return found


def processes_with(marks):
    """Those that name a mark in their command line or cgroup."""
    found = []
    for pid in _processes():
        process = Process(pid)
        # Where it is, not what a hierarchy is called: a server's own goes some
        # time after the server, and every process is at its root until then.
        places = [line.rpartition(":")[2] for line
                  in process.cgroups.splitlines()]
        text = process.command + " ".join(places)
        if pid != os.getpid() and any(mark in text for mark in marks):
            found.append(process)
    return found


def _running(marks):
    return [f"process {process}" for process in processes_with(marks)]


def loops(marks):
    """Block devices over files."""
    found = []
    for name in os.listdir("/sys/block"):
        backing = _read(f"/sys/block/{name}/loop/backing_file").strip()
        if any(mark in backing for mark in marks if backing):
            found.append(f"loop {name} {backing}")
    return found


def traces(marks):
    """Everything on the host that bears one of `marks` in its name."""
    marks = [mark for mark in marks if mark]
    found = []
    for look in (_mounts, _cgroups, _links, _firewall, _namespaces, _running,
                 loops):
        found += look(marks)
    return found


def file_names(folder):
    """Every path below `folder`, relative, without following links."""
    names = []
    for root, folders, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(root, name), folder)
                  for name in folders + files]
    return sorted(names)
