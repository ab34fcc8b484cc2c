"""Pseudo terminals. Here the two SDKs differ: the one calls back with what
a terminal shows, the other is read."""

import asyncio
import uuid

from daytona import DaytonaNotFoundError
from daytona.common.pty import PtySize

from stage import fails, holds, of, same

LIMIT = 10  # seconds until something must be shown


class ReadScreen:
    """Reads the handle of the synchronous SDK as far as it must."""

    def __init__(self):
        self.text = b""

    async def open(self, shell, name, **more):
        self.handle = shell.create_pty_session(name, **more)
        self.handle.wait_for_connection()

    async def attach(self, shell, name):
        self.handle = shell.connect_pty_session(name)
        self.handle.wait_for_connection()

    async def shows(self, wanted):
        if wanted in self.text:
            return
        for data in self.handle:
            self.text += data
            if wanted in self.text:
                return
        raise AssertionError(f"no {wanted!r} in {self.text!r}")


class CalledScreen:
    """Is called by the asynchronous SDK with what there is."""

    def __init__(self):
        self.text = b""
        self._more = asyncio.Event()

    async def open(self, shell, name, **more):
        self.handle = await shell.create_pty_session(name, self._take, **more)
        await self.handle.wait_for_connection()

    async def attach(self, shell, name):
        self.handle = await shell.connect_pty_session(name, self._take)
        await self.handle.wait_for_connection()

    async def _take(self, data):
        self.text += data
        self._more.set()

    async def shows(self, wanted):
        async def until():
            while wanted not in self.text:
                self._more.clear()
                await self._more.wait()

        try:
            await asyncio.wait_for(until(), LIMIT)
        except asyncio.TimeoutError as error:
            raise AssertionError(f"no {wanted!r} in {self.text!r}") from error


def screen(stage):
    return CalledScreen() if stage.is_async else ReadScreen()


async def opens(sandbox, stage, **more):
    view, name = screen(stage), f"pty-{uuid.uuid4()}"
    await view.open(sandbox.process, name, **more)
    return view, name


async def is_a_terminal(sandbox, stage):
    view, _ = await opens(sandbox, stage, cwd="/tmp", envs={"COLOUR": "teal"},
                          pty_size=PtySize(cols=100, rows=30))
    await of(view.handle.send_input(
        'stty size; echo "$COLOUR:$(pwd):$TERM"\n'))
    await view.shows(b"30 100")
    await view.shows(b"teal:/tmp:xterm-256color")
    resized = await of(view.handle.resize(PtySize(cols=120, rows=40)))
    same((resized.cols, resized.rows), (120, 40))
    await of(view.handle.send_input("stty size\n"))
    await view.shows(b"40 120")
    await of(view.handle.send_input("exit 3\n"))
    same((await of(view.handle.wait())).exit_code, 3)
    await of(view.handle.disconnect())


async def is_listed(sandbox, stage):
    shell = sandbox.process
    view, name = await opens(sandbox, stage,
                             pty_size=PtySize(cols=90, rows=20))
    listed = await of(shell.list_pty_sessions())
    same([(each.cols, each.rows, each.active)
          for each in listed if each.id == name], [(90, 20, True)])
    info = await of(shell.resize_pty_session(name, PtySize(cols=91, rows=21)))
    same((info.cols, info.rows), (91, 21))
    same((await of(shell.get_pty_session_info(name))).cols, 91)
    await of(shell.kill_pty_session(name))
    holds((await of(view.handle.wait())).exit_code != 0, "killed, with 0")
    await fails(DaytonaNotFoundError, shell.get_pty_session_info, name)
    await of(view.handle.disconnect())


async def has_several_viewers(sandbox, stage):
    view, name = await opens(sandbox, stage)
    await of(view.handle.send_input("echo first-$((40 + 2))\n"))
    await view.shows(b"first-42")
    await of(view.handle.disconnect())
    left, right = screen(stage), screen(stage)
    await left.attach(sandbox.process, name)
    await right.attach(sandbox.process, name)
    await left.shows(b"first-42")
    await of(left.handle.send_input("echo second-$((40 + 3))\n"))
    await left.shows(b"second-43")
    await right.shows(b"second-43")
    await of(left.handle.kill())
    await of(right.handle.wait())
    for each in (left, right):
        await of(each.handle.disconnect())


STEPS = [
    ("is a terminal", is_a_terminal),
    ("is listed, resized and killed", is_listed),
    ("has several viewers", has_several_viewers),
]
