"""`crun run` of /bin/true in the same root file system, to its exit.

The same namespaces, user mapping and limits as a sandbox of ours, no seccomp.
Making the overlay is not in the figure: it favours the yardstick.
"""

import contextlib
import ctypes
import json
import os
import subprocess
import time

BASE_UID, IDS = 1 << 20, 65536
_OPEN_TREE, _MOVE_MOUNT, _MOUNT_SETATTR = 428, 429, 442
_CLONE, _CLOEXEC, _EMPTY_PATH, _RECURSIVE = 1, 0o2000000, 0x1000, 0x8000
_IDMAP = 0x00100000
_libc = ctypes.CDLL(None, use_errno=True)


class _Attributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("set", "clear", "propagation", "userns")]


def _system(number, *arguments):
    result = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"system call {number}: {os.strerror(code)}")
    return result


@contextlib.contextmanager
def _user_namespace():
    """A descriptor of one that maps root to BASE_UID."""
    holder = subprocess.Popen(["unshare", "-U", "cat"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL)
    try:
        own = os.readlink("/proc/self/ns/user")
        while os.readlink(f"/proc/{holder.pid}/ns/user") == own:
            time.sleep(0.001)
        for kind in ("uid", "gid"):
            with open(f"/proc/{holder.pid}/{kind}_map", "w",
                      encoding="ascii") as file:
                file.write(f"0 {BASE_UID} {IDS}\n")
        descriptor = os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY)
        yield descriptor
        os.close(descriptor)
    finally:
        holder.stdin.close()
        holder.wait(timeout=10)


def _mount_mapped(source, target):
    """`source` seen at `target` with its owners moved up by BASE_UID."""
    tree = _system(_OPEN_TREE, -100, source.encode(),
                   _CLONE | _CLOEXEC | _RECURSIVE)
    try:
        with _user_namespace() as users:
            wanted = _Attributes(set=_IDMAP, userns=users)
            _system(_MOUNT_SETATTR, tree, b"", _EMPTY_PATH | _RECURSIVE,
                    ctypes.byref(wanted), ctypes.sizeof(wanted))
        _system(_MOVE_MOUNT, tree, b"", -100, target.encode(), 4)
    finally:
        os.close(tree)


def _configuration(limits):
    spaces = ("pid", "network", "ipc", "uts", "mount", "user", "cgroup")
    mapping = [{"containerID": 0, "hostID": BASE_UID, "size": IDS}]
    return {
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": 0, "gid": 0},
                    "args": ["/bin/true"], "cwd": "/",
                    "env": ["PATH=/usr/bin:/bin"], "noNewPrivileges": False},
        "root": {"path": "rootfs"},
        "hostname": "bench",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "mode=0620"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
             "options": ["nosuid", "nodev", "mode=1777", "size=65536k"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs",
             "options": ["nosuid", "noexec", "nodev", "ro"]}],
        "linux": {
            "namespaces": [{"type": space} for space in spaces],
            "uidMappings": mapping, "gidMappings": mapping,
            "resources": {
                "memory": {"limit": limits["memory"]},
                "cpu": {"quota": limits["cpu_quota"], "period": 100000},
                "pids": {"limit": limits["pids"]}}}}


class CrunRun:
    """One bundle, its overlay new for every run. A context manager."""

    name = "crun run"

    def __init__(self, rootfs, limits, folder):
        self.rootfs, self.limits = rootfs, limits
        self.folder = os.path.join(folder, "crun")
        self.lower = os.path.join(self.folder, "lower")
        self.count = 0

    def __enter__(self):
        os.makedirs(self.lower)
        _mount_mapped(self.rootfs, self.lower)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.lower], check=True, timeout=60)

    @contextlib.contextmanager
    def _bundle(self):
        self.count += 1
        bundle = os.path.join(self.folder, str(self.count))
        for name in ("upper", "work", "rootfs"):
            os.makedirs(os.path.join(bundle, name))
            os.chown(os.path.join(bundle, name), BASE_UID, BASE_UID)
        with open(f"{bundle}/config.json", "w", encoding="ascii") as file:
            json.dump(_configuration(self.limits), file)
        subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={self.lower},upperdir={bundle}/upper,"
             f"workdir={bundle}/work", f"{bundle}/rootfs"],
            check=True, timeout=60)
        try:
            yield bundle
        finally:
            subprocess.run(["umount", f"{bundle}/rootfs"], check=True,
                           timeout=60)

    def once(self):
        """Milliseconds."""
        with self._bundle() as bundle:
            name = f"varve-bench-{os.getpid()}-{self.count}"
            begun = time.perf_counter()
            done = subprocess.run(["crun", "run", "--bundle", bundle, name],
                                  capture_output=True, timeout=60)
            took = (time.perf_counter() - begun) * 1000
        if done.returncode != 0:
            raise RuntimeError(f"crun run: {done.stderr.decode()}")
        return took
