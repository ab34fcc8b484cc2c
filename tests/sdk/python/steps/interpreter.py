"""Python that remembers."""

from daytona import DaytonaError, DaytonaTimeoutError

from stage import fails, holds, of, same


async def remembers(sandbox, _):
    python = sandbox.code_interpreter
    first = await of(python.run_code("x = 20\nprint(x + 1)"))
    same((first.stdout, first.stderr, first.error), ("21\n", "", None))
    same((await of(python.run_code("print(x * 2)"))).stdout, "40\n")


async def streams(sandbox, _):
    heard = []
    done = await of(sandbox.code_interpreter.run_code(
        'import sys, time\nprint("one")\ntime.sleep(0.2)\n'
        'print("two", file=sys.stderr)',
        on_stdout=lambda message: heard.append(("out", message.output)),
        on_stderr=lambda message: heard.append(("err", message.output))))
    same(heard, [("out", "one\n"), ("err", "two\n")])
    same((done.stdout, done.stderr), ("one\n", "two\n"))


async def reports_errors(sandbox, _):
    python = sandbox.code_interpreter
    failed = await of(python.run_code('print("before")\n1 / 0'))
    same(failed.stdout, "before\n")
    same((failed.error.name, failed.error.value),
         ("ZeroDivisionError", "division by zero"))
    holds("line 2" in failed.error.traceback, failed.error.traceback)
    told = await of(python.run_code('import os; print(os.environ["TOLD"])',
                                    envs={"TOLD": "yes"}))
    same(told.stdout, "yes\n")
    untold = await of(python.run_code('print(os.environ.get("TOLD"))'))
    same(untold.stdout, "None\n")


async def keeps_contexts_apart(sandbox, _):
    python = sandbox.code_interpreter

    async def known():
        return [each.id for each in await of(python.list_contexts())]

    context = await of(python.create_context("/tmp"))
    same((context.cwd, context.language, context.active),
         ("/tmp", "python", True))
    where = await of(python.run_code("import os; y = 1; print(os.getcwd())",
                                     context=context))
    same(where.stdout, "/tmp\n")
    same((await of(python.run_code("print(y)"))).error.name, "NameError")
    holds(context.id in await known(), "the context is in no list")
    await of(python.delete_context(context))
    holds(context.id not in await known(), "the context is listed still")
    await fails(DaytonaError, python.run_code, "1", context=context,
                saying="context")


async def ends_what_takes_too_long(sandbox, _):
    python = sandbox.code_interpreter
    context = await of(python.create_context())
    await fails(DaytonaTimeoutError, python.run_code, "while True: pass",
                context=context, timeout=1)
    await of(python.delete_context(context))


STEPS = [
    ("remembers", remembers),
    ("streams", streams),
    ("reports errors", reports_errors),
    ("keeps contexts apart", keeps_contexts_apart),
    ("ends what takes too long", ends_what_takes_too_long),
]
