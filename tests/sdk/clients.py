"""The official SDKs that are tried, and their installation from the
registries: unmodified, by lock file, kept from run to run."""

import glob
import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("VARVE_SDK_CACHE", "/var/cache/varve/sdk")
INSTALL_LIMIT = 600  # seconds

# name -> the package to load; the name is the lock file's too.
TYPESCRIPT = {
    "daytonaio-0.190.0": "@daytonaio/sdk",
    "daytonaio-0.218.0": "@daytonaio/sdk",
    "daytona-0.216.0": "@daytona/sdk",
}
PYTHON = ["daytona-0.190.0", "daytona-0.226.1"]
# What the Go SDK is generated code and a wrapper of; the module proxy serves
# the generated clients only.
GO = ["clients-0.190.0"]

# What the registries call latest when it is asked for.
LATEST_TYPESCRIPT = {
    "daytonaio-latest": "@daytonaio/sdk",
    "daytona-latest": "@daytona/sdk",
}
LATEST_PYTHON = ["daytona-latest"]

README_TYPESCRIPT = "daytona-0.216.0"
README_PYTHON = "daytona-0.226.1"


def run(command, folder, **environment):
    answer = subprocess.run(command, cwd=folder, text=True, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=INSTALL_LIMIT,
                            env={**os.environ, **environment})
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{answer.stdout}")


def place(kind, name, *files):
    """The folder for one installation: another lock file, another folder."""
    mark = hashlib.sha256()
    for path in files:
        with open(path, "rb") as stream:
            mark.update(stream.read())
    mark.update(sys.version.encode())
    return os.path.join(CACHE, f"{kind}-{name}-{mark.hexdigest()[:12]}")


def install_once(folder, install):
    """Installs beside the place and renames, so that it is whole or absent."""
    if os.path.isdir(folder):
        return folder
    building = f"{folder}.{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    os.makedirs(building)
    try:
        install(building)
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def typescript(name):
    """Returns the folder that holds node_modules."""
    if name.endswith("-latest"):
        return latest_typescript(name)
    source = os.path.join(HERE, "typescript", name)

    def install(folder):
        for file in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(source, file), folder)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            folder)

    lock = os.path.join(source, "package-lock.json")
    return install_once(place("typescript", name, lock), install)


def latest_typescript(name):
    folder = os.path.join(CACHE, f"typescript-{name}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "package.json"), "w") as stream:
        stream.write('{"private": true}\n')
    run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund",
         f"{LATEST_TYPESCRIPT[name]}@latest"], folder)
    return folder


def python(name):
    """Returns the interpreter of an environment that has the SDK."""
    if name.endswith("-latest"):
        folder = os.path.join(CACHE, f"python-{name}")
        shutil.rmtree(folder, ignore_errors=True)
        install_python(folder, ["--upgrade", "daytona"])
    else:
        lock = os.path.join(HERE, "python", f"{name}.txt")
        folder = place("python", name, lock)
        if not os.path.exists(os.path.join(folder, "complete")):
            shutil.rmtree(folder, ignore_errors=True)
            install_python(folder, ["--requirement", lock])
    return os.path.join(folder, "bin", "python")


def install_python(folder, what):
    # An environment cannot be moved, so completeness is a mark.
    os.makedirs(CACHE, exist_ok=True)
    run([sys.executable, "-m", "venv", folder], CACHE)
    run([os.path.join(folder, "bin", "python"), "-m", "pip", "install",
         "--quiet", "--disable-pip-version-check", *what], CACHE)
    open(os.path.join(folder, "complete"), "w").close()


def go(name):
    """Returns the scenario as a program, built against the clients."""
    source = os.path.join(HERE, "go")
    files = (sorted(glob.glob(os.path.join(source, "*.go")))
             + [os.path.join(source, name, file)
                for file in ("go.mod", "go.sum")])

    def install(folder):
        for file in files:
            shutil.copy(file, folder)
        run(["go", "build", "-o", "scenario", "."], folder,
            CGO_ENABLED="0", GOFLAGS="-mod=readonly", GOTOOLCHAIN="local",
            GOWORK="off", GOPATH=os.path.join(CACHE, "go"),
            GOMODCACHE=os.path.join(CACHE, "go", "modules"),
            GOCACHE=os.path.join(CACHE, "go", "built"))

    folder = install_once(place("go", name, *files), install)
    return os.path.join(folder, "scenario")
