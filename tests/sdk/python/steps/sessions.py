"""Shells that live on, their logs and their input."""

import contextlib
import uuid

from daytona import (DaytonaConflictError, DaytonaError, DaytonaNotFoundError,
                     SessionExecuteRequest)

from stage import fails, holds, of, same


class Session:
    def __init__(self, shell):
        self.shell = shell
        self.id = f"session-{uuid.uuid4()}"

    async def execute(self, command, **more):
        return await of(self.shell.execute_session_command(
            self.id, SessionExecuteRequest(command=command, **more)))

    async def follow(self, command_id):
        """To the end of the command: (stdout, stderr)."""
        out, errors = [], []
        await self.shell.get_session_command_logs_async(
            self.id, command_id, out.append, errors.append)
        return "".join(out), "".join(errors)


@contextlib.asynccontextmanager
async def session_of(sandbox):
    session = Session(sandbox.process)
    await of(session.shell.create_session(session.id))
    try:
        yield session
    finally:
        await of(session.shell.delete_session(session.id))


async def keeps_its_state(sandbox, _):
    async with session_of(sandbox) as session:
        await session.execute("cd /tmp && export COLOUR=teal")
        second = await session.execute('pwd; echo "$COLOUR" >&2; (exit 3)')
        same((second.exit_code, second.stdout, second.stderr),
             (3, "/tmp\n", "teal\n"))
        known = await of(session.shell.get_session(session.id))
        same(known.session_id, session.id)
        same([command.exit_code for command in known.commands], [0, 3])
        listed = await of(session.shell.list_sessions())
        holds(session.id in [each.session_id for each in listed],
              "the session is in no list")


async def follows_logs(sandbox, _):
    async with session_of(sandbox) as session:
        command = ("for i in 1 2 3; do echo out$i; echo err$i >&2; "
                   "sleep 0.1; done; (exit 5)")
        started = await session.execute(command, run_async=True)
        same(started.exit_code, None)
        expected = ("out1\nout2\nout3\n", "err1\nerr2\nerr3\n")
        same(await session.follow(started.cmd_id), expected)
        ended = await of(session.shell.get_session_command(
            session.id, started.cmd_id))
        same((ended.id, ended.command, ended.exit_code),
             (started.cmd_id, command, 5))
        logs = await of(session.shell.get_session_command_logs(
            session.id, started.cmd_id))
        same((logs.stdout, logs.stderr), expected)


async def takes_input(sandbox, _):
    async with session_of(sandbox) as session:
        started = await session.execute(
            'read -r name; echo "hello $name"', run_async=True,
            suppress_input_echo=True)
        send = session.shell.send_session_command_input
        await of(send(session.id, started.cmd_id, "Ada\n"))
        same(await session.follow(started.cmd_id), ("hello Ada\n", ""))
        await fails(DaytonaError, send, session.id, started.cmd_id, "late\n")


async def outlives_exit(sandbox, _):
    async with session_of(sandbox) as session:
        left = await session.execute("echo bye; exit 4")
        same((left.exit_code, left.stdout), (4, "bye\n"))


async def has_no_entrypoint(sandbox, _):
    shell = sandbox.process
    await fails(DaytonaNotFoundError, shell.get_entrypoint_session)
    await fails(DaytonaNotFoundError, shell.get_entrypoint_logs)


async def refuses_and_forgets(sandbox, _):
    session = Session(sandbox.process)
    shell = session.shell
    await of(shell.create_session(session.id))
    await fails(DaytonaConflictError, shell.create_session, session.id)
    job = (await session.execute("sleep 300 & echo $!")).stdout.strip()
    await of(shell.delete_session(session.id))
    await fails(DaytonaNotFoundError, shell.get_session, session.id)
    gone = await of(shell.exec(f"kill -0 {job}"))
    holds(gone.exit_code != 0, "the session's job lives on")
    await fails(DaytonaNotFoundError, session.execute, "true")


STEPS = [
    ("keeps its state", keeps_its_state),
    ("follows logs", follows_logs),
    ("takes input", takes_input),
    ("outlives an exit", outlives_exit),
    ("has none for an entry point", has_no_entrypoint),
    ("refuses and forgets", refuses_and_forgets),
]
