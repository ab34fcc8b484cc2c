"""Commands and code, each a call of its own."""

import time

from daytona import CodeRunParams, DaytonaError

from stage import fails, holds, of, same


async def runs_python(sandbox, _):
    shell = sandbox.process
    total = await of(shell.code_run(
        "import sys\nprint(sum(map(int, sys.argv[1:])))",
        CodeRunParams(argv=["40", "2"])))
    same((total.exit_code, total.result.strip()), (0, "42"))
    told = await of(shell.code_run('import os\nprint(os.environ["TOLD"])',
                                   CodeRunParams(env={"TOLD": "a secret"})))
    same(told.result.strip(), "a secret")
    raised = await of(shell.code_run('raise ValueError("no")'))
    holds(raised.exit_code != 0, "a raised error must not exit with 0")
    holds("ValueError: no" in raised.result, raised.result)


async def runs_other_languages(_, stage):
    javascript = await stage.create(language="javascript")
    typescript = await stage.create(language="typescript")
    answer = await of(javascript.process.code_run(
        "console.log([1, 2, 3].map((x) => x * x).join())"))
    same((answer.exit_code, answer.result.strip()), (0, "1,4,9"))
    answer = await of(typescript.process.code_run(
        "const double = (x: number): number => 2 * x\n"
        "console.log(double(21))"))
    same((answer.exit_code, answer.result.strip()), (0, "42"))


async def executes_commands(sandbox, _):
    shell = sandbox.process
    where = await of(shell.exec("pwd", cwd="/tmp"))
    same((where.exit_code, where.result.strip()), (0, "/tmp"))
    greeting = await of(shell.exec('echo "$GREETING"',
                                   env={"GREETING": "good  morning"}))
    same(greeting.result.strip(), "good  morning")
    failed = await of(shell.exec("echo gone >&2; exit 7"))
    same((failed.exit_code, failed.result.strip()), (7, "gone"))
    inherited = await of(shell.exec('echo "$FLAVOUR"'))
    same(inherited.result.strip(), "mint")


async def ends_what_takes_too_long(sandbox, _):
    shell = sandbox.process
    began = time.monotonic()
    await fails(DaytonaError, shell.exec, "sleep 60", timeout=1,
                saying="time.?out")
    # The SDK lets the generated client's own exception through here.
    await fails(Exception, shell.code_run, "import time\ntime.sleep(60)",
                timeout=1, saying="time.?out")
    holds(time.monotonic() - began < 20, "the time-outs came too late")


async def leaves_jobs_running(sandbox, _):
    shell = sandbox.process
    began = time.monotonic()
    job = (await of(shell.exec("sleep 300 & echo $!"))).result.strip()
    holds(time.monotonic() - began < 10, "the job was waited for")
    same((await of(shell.exec(f"kill -0 {job}"))).exit_code, 0)
    await of(shell.exec(f"kill {job}"))


STEPS = [
    ("runs Python", runs_python),
    ("runs JavaScript and TypeScript", runs_other_languages),
    ("executes commands", executes_commands),
    ("ends what takes too long", ends_what_takes_too_long),
    ("leaves jobs running", leaves_jobs_running),
]
