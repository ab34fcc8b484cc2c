// Commands and code, each a call of its own.
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'

async function runsPython({ process: shell }) {
  const sum = await shell.codeRun('import sys\nprint(sum(map(int, sys.argv[1:])))', {
    argv: ['40', '2'],
  })
  assert.deepEqual([sum.exitCode, sum.result.trim()], [0, '42'])
  const told = await shell.codeRun('import os\nprint(os.environ["TOLD"])', {
    env: { TOLD: 'a secret' },
  })
  assert.equal(told.result.trim(), 'a secret')
  const raised = await shell.codeRun('raise ValueError("no")')
  assert.notEqual(raised.exitCode, 0)
  assert.match(raised.result, /ValueError: no/)
}

async function runsOtherLanguages(_, stage) {
  const javascript = await stage.create({ language: 'javascript' })
  const typescript = await stage.create({ language: 'typescript' })
  const js = await javascript.process.codeRun('console.log([1, 2, 3].map((x) => x * x).join())')
  assert.deepEqual([js.exitCode, js.result.trim()], [0, '1,4,9'])
  const ts = await typescript.process.codeRun(
    'const double = (x: number): number => 2 * x\nconsole.log(double(21))',
  )
  assert.deepEqual([ts.exitCode, ts.result.trim()], [0, '42'])
}

async function executesCommands({ process: shell }) {
  const where = await shell.executeCommand('pwd', '/tmp')
  assert.deepEqual([where.exitCode, where.result.trim()], [0, '/tmp'])
  const greeting = await shell.executeCommand('echo "$GREETING"', undefined, {
    GREETING: 'good  morning',
  })
  assert.equal(greeting.result.trim(), 'good  morning')
  const failed = await shell.executeCommand('echo gone >&2; exit 7')
  assert.deepEqual([failed.exitCode, failed.result.trim()], [7, 'gone'])
  const inherited = await shell.executeCommand('echo "$FLAVOUR"')
  assert.equal(inherited.result.trim(), 'mint')
}

async function endsWhatTakesTooLong({ process: shell }) {
  const began = performance.now()
  await assert.rejects(shell.executeCommand('sleep 60', undefined, undefined, 1), /time.?out/i)
  await assert.rejects(shell.codeRun('import time\ntime.sleep(60)', undefined, 1), /time.?out/i)
  assert.ok(performance.now() - began < 20_000)
}

async function leavesJobsRunning({ process: shell }) {
  const began = performance.now()
  const job = await shell.executeCommand('sleep 300 & echo $!')
  assert.ok(performance.now() - began < 10_000)
  const alive = await shell.executeCommand(`kill -0 ${job.result.trim()}`)
  assert.equal(alive.exitCode, 0)
  await shell.executeCommand(`kill ${job.result.trim()}`)
}

export const steps = [
  ['runs Python', runsPython],
  ['runs JavaScript and TypeScript', runsOtherLanguages],
  ['executes commands', executesCommands],
  ['ends what takes too long', endsWhatTakesTooLong],
  ['leaves jobs running', leavesJobsRunning],
]
