"""What every version of the Python SDK must be able to do.

usage: scenario.py (sync | async) [MODULE...]

A module is files, git and so on; without one, all of them. The same steps
serve both SDKs: `of` awaits where there is something to await.
"""

import asyncio
import importlib
import sys
import tempfile
import time
import traceback

from daytona import AsyncDaytona, Daytona, DaytonaError

from stage import Stage, of

# Each has `STEPS`, a list of (title, async function of sandbox and stage).
MODULES = ["files", "process", "charts", "sessions", "pty", "interpreter",
           "git", "lsp", "preview"]
# Of SDKs since 0.195; what 0.190 lacks cannot be tried with it.
NEWER = ["newer", "newer_git"]


def modules_for(sandbox):
    newer = NEWER if hasattr(sandbox.git, "init") else []
    # Last, as it stops and deletes the sandbox of the others.
    return [*MODULES, *newer, "life"]


async def step(name, body, *arguments, **named):
    began = time.monotonic()
    result = await body(*arguments, **named)
    print(f"ok {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
    return result


async def run(stage, chosen):
    sandbox = await step("create", stage.create, labels={"role": "first"},
                         env_vars={"FLAVOUR": "mint"})
    for name in chosen or modules_for(sandbox):
        module = importlib.import_module(f"steps.{name}")
        for title, body in module.STEPS:
            await step(f"{name}: {title}", body, sandbox, stage)


async def clean_up(stage):
    for sandbox in stage.ours:
        try:
            await of(sandbox.delete())
        except DaytonaError as error:
            print(f"left behind: {sandbox.id}: {error}", file=sys.stderr)


async def passes(stage, chosen):
    try:
        await run(stage, chosen)
        print("every step passed")
        return True
    except Exception:  # whatever it is, the test has failed
        traceback.print_exc()
        return False
    finally:
        await clean_up(stage)


async def main(kind, *chosen):
    with tempfile.TemporaryDirectory(prefix="varve-sdk-") as scratch:
        if kind == "sync":
            return await passes(Stage(Daytona(), scratch), chosen)
        async with AsyncDaytona() as client:
            return await passes(Stage(client, scratch), chosen)


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(*sys.argv[1:])) else 1)
