"""What the guest boots: an initramfs that finds the disk, and the disk."""

import os
import re
import shutil
import subprocess

BOOT_MODULES = ["virtio_pci", "virtio_blk", "ext4", "quota_v2"]
DISK_SIZE = "9G"  # sparse; above the free space that server and checks ask for


def _copy(source, root, target=None):
    path = os.path.join(root, (target or source).lstrip("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copy2(source, path)


def _libraries(binary):
    """Shared libraries a program needs, the loader among them."""
    listing = subprocess.run(["ldd", binary], capture_output=True, text=True,
                             timeout=30)
    if listing.returncode != 0:  # a static one
        return []
    if "not found" in listing.stdout:
        raise RuntimeError(f"{binary} lacks libraries:\n{listing.stdout}")
    return re.findall(r"(/\S+) \(0x", listing.stdout)


def install_program(binary, root, target):
    _copy(binary, root, target)
    for library in _libraries(binary):
        _copy(os.path.realpath(library), root, library)


def install_busybox(root):
    _copy(shutil.which("busybox"), root, "/bin/busybox")
    os.symlink("busybox", os.path.join(root, "bin/sh"))


def initramfs(kernel, init, target):
    tree = target + ".tree"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "proc", "sys", "dev", "disk"):
        os.makedirs(os.path.join(tree, folder))
    install_busybox(tree)
    shutil.copy2(init, os.path.join(tree, "init"))
    modules = f"lib/modules/{kernel.version}"
    for path in kernel.with_dependencies(BOOT_MODULES):
        _copy(os.path.join(kernel.modules, path), tree, f"{modules}/{path}")
    _copy(os.path.join(kernel.modules, "modules.dep"), tree,
          f"{modules}/modules.dep")
    with open(target, "wb") as out:
        subprocess.run("find . | busybox cpio -o -H newc 2>/dev/null | gzip -1",
                       shell=True, cwd=tree, stdout=out, check=True,
                       timeout=120)
    shutil.rmtree(tree)


def sandbox_image(images, user):
    """An image with nothing but a shell, the store's default."""
    root = os.path.join(images, "vm-busybox", "rootfs")
    for folder in ("bin", "etc", "home/" + user, "tmp", "root"):
        os.makedirs(os.path.join(root, folder))
    install_busybox(root)
    subprocess.run(["chroot", root, "/bin/busybox", "--install", "-s", "/bin"],
                   check=True, timeout=60)
    os.chmod(os.path.join(root, "tmp"), 0o1777)
    os.chown(os.path.join(root, "home", user), 1000, 1000)
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                      f"{user}:x:1000:1000::/home/{user}:/bin/sh\n",
        "etc/group": f"root:x:0:\n{user}:x:1000:\n",
    }
    for name, text in files.items():
        with open(os.path.join(root, name), "w", encoding="ascii") as out:
            out.write(text)
    with open(os.path.join(images, "vm-busybox", "config.json"), "w",
              encoding="ascii") as out:
        out.write('{"name":"varve/base","user":"%s","env":["PATH=/bin"],'
                  '"workdir":"","entrypoint":[],"sizeBytes":2097152}' % user)
    with open(os.path.join(images, "default"), "w", encoding="ascii") as out:
        out.write("vm-busybox\n")


def disk(kernel, programs, guest, target):
    """`programs`: {path in the guest: path here}. Overwrites `target`."""
    tree = target + ".tree"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("proc", "sys", "dev", "run", "tmp", "root", "etc", "bin",
                   "sbin", "var/lib/varve"):
        os.makedirs(os.path.join(tree, folder))
    install_busybox(tree)
    shutil.copytree(guest, os.path.join(tree, "guest"))
    shutil.copytree(kernel.modules,
                    os.path.join(tree, "lib/modules", kernel.version),
                    ignore=shutil.ignore_patterns("drivers", "sound"))
    for path in kernel.with_dependencies(["veth", "tun", "loop"]):
        _copy(os.path.join(kernel.modules, path), tree,
              f"lib/modules/{kernel.version}/{path}")
    for path, source in programs.items():
        install_program(source, tree, path)
    sandbox_image(os.path.join(tree, "var/lib/varve/images"), "daytona")
    if os.path.exists(target):
        os.unlink(target)
    # What a host needs whose disk is to be limited by project quota.
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "quota,project",
                    "-E", "quotatype=prjquota", "-d", tree, target,
                    DISK_SIZE], check=True, timeout=300)
    shutil.rmtree(tree)
