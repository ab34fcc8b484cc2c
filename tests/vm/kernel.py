"""The distribution's stock kernel: fetched with apt, unpacked, indexed."""

import os
import re
import subprocess

PACKAGE = "linux-image-cloud-amd64"


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True, timeout=60).stdout


def newest_package():
    """The package that PACKAGE stands for today."""
    depends = _output("apt-cache", "depends", PACKAGE)
    found = re.search(r"Depends: (linux-image-\S+)", depends)
    if not found:
        raise RuntimeError(f"apt knows no {PACKAGE} (apt-get update?)")
    return found.group(1)


def fetch(cache):
    """Unpacks the newest kernel under `cache`, once; returns a Kernel."""
    package = newest_package()
    root = os.path.join(cache, package)
    done = os.path.join(root, ".complete")
    if not os.path.exists(done):
        os.makedirs(root, exist_ok=True)
        subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root",
                        "download", package],
                       cwd=root, check=True, timeout=300,
                       stdout=subprocess.DEVNULL)
        archive = [f for f in os.listdir(root) if f.endswith(".deb")][0]
        subprocess.run(["dpkg-deb", "-x", archive, "."], cwd=root, check=True,
                       timeout=120)
        os.unlink(os.path.join(root, archive))
        version = os.listdir(os.path.join(root, "lib/modules"))[0]
        subprocess.run(["busybox", "depmod", "-b", root, version], check=True,
                       timeout=120)
        with open(done, "w", encoding="ascii"):
            pass
    return Kernel(root)


class Kernel:
    def __init__(self, root):
        self.root = root
        self.version = os.listdir(os.path.join(root, "lib/modules"))[0]
        self.image = os.path.join(root, "boot", f"vmlinuz-{self.version}")
        self.modules = os.path.join(root, "lib/modules", self.version)

    def with_dependencies(self, names):
        """Files, relative to `modules`, that must be loaded for `names`."""
        needs, by_name = {}, {}
        with open(os.path.join(self.modules, "modules.dep"),
                  encoding="utf-8") as lines:
            for line in lines:
                path, _, rest = line.partition(":")
                needs[path] = rest.split()
                name = os.path.basename(path).split(".ko")[0]
                by_name[name.replace("-", "_")] = path
        wanted = set()
        for name in names:
            path = by_name.get(name)
            if path is not None:  # else it is built in
                wanted.update([path, *needs[path]])
        return sorted(wanted)
