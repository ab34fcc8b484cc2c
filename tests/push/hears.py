"""The same with the official Python SDK, its synchronous or asynchronous
client. Usage: hears.py (sync | async)"""

import asyncio
import inspect
import sys
import time

from daytona import AsyncDaytona, Daytona


async def of(value):
    return await value if inspect.isawaitable(value) else value


async def line():
    return await asyncio.get_running_loop().run_in_executor(
        None, sys.stdin.readline)


async def main():
    daytona = {"sync": Daytona, "async": AsyncDaytona}[sys.argv[1]]()
    sandbox = await of(daytona.create())
    print(f"made {sandbox.id} {sandbox.state.value}", flush=True)
    await line()
    until = time.monotonic() + 20
    while sandbox.state.value != "stopped" and time.monotonic() < until:
        await asyncio.sleep(0.02)
    print(f"heard {sandbox.state.value}", flush=True)
    await line()
    await of(sandbox.delete())
    if sys.argv[1] == "async":
        await daytona.close()


asyncio.run(main())
