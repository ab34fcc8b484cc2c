"""What the steps share: claims, and one way to call either SDK."""

import inspect
import re
import uuid

import daytona


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


def holds(claim, text):
    if not claim:
        raise AssertionError(text)


async def of(answer):
    """The value of a call, whether the SDK that was called is awaited."""
    return await answer if inspect.isawaitable(answer) else answer


async def fails(error, call, *arguments, saying="", **named):
    """The call raises it, and its text holds the expression."""
    try:
        await of(call(*arguments, **named))
    except error as caught:
        holds(re.search(saying, str(caught), re.IGNORECASE), str(caught))
        return caught
    raise AssertionError(f"no {error.__name__}")


def value(member):
    """Of an enumeration, or of the bare string that some versions give."""
    return getattr(member, "value", member)


class Stage:
    def __init__(self, client, scratch):
        self.daytona = client
        self.is_async = isinstance(client, daytona.AsyncDaytona)
        self.scratch = scratch
        self.mark = str(uuid.uuid4())
        self.ours = []

    async def create(self, labels=None, **params):
        sandbox = await of(self.daytona.create(
            daytona.CreateSandboxFromSnapshotParams(
                labels={"mark": self.mark, **(labels or {})}, **params)))
        self.ours.append(sandbox)
        same(value(sandbox.state), "started")
        return sandbox
