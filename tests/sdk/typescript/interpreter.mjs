// Python that remembers.
import assert from 'node:assert/strict'

async function remembers({ codeInterpreter: python }) {
  const first = await python.runCode('x = 20\nprint(x + 1)')
  assert.deepEqual([first.stdout, first.stderr, first.error], ['21\n', '', undefined])
  assert.equal((await python.runCode('print(x * 2)')).stdout, '40\n')
}

async function streams({ codeInterpreter: python }) {
  const heard = []
  const done = await python.runCode(
    'import sys, time\nprint("one")\ntime.sleep(0.2)\nprint("two", file=sys.stderr)',
    {
      onStdout: ({ output }) => heard.push(['out', output]),
      onStderr: ({ output }) => heard.push(['err', output]),
    })
  assert.deepEqual(heard, [['out', 'one\n'], ['err', 'two\n']])
  assert.deepEqual([done.stdout, done.stderr], ['one\n', 'two\n'])
}

async function reportsErrors({ codeInterpreter: python }) {
  const { stdout, error } = await python.runCode('print("before")\n1 / 0')
  assert.equal(stdout, 'before\n')
  assert.deepEqual([error.name, error.value], ['ZeroDivisionError', 'division by zero'])
  assert.match(error.traceback, /line 2/)
  const tell = 'import os; print(os.environ["TOLD"])'
  const told = await python.runCode(tell, { envs: { TOLD: 'yes' } })
  assert.equal(told.stdout, 'yes\n')
  const untold = await python.runCode('print(os.environ.get("TOLD"))')
  assert.equal(untold.stdout, 'None\n')
}

async function keepsContextsApart({ codeInterpreter: python }) {
  const context = await python.createContext('/tmp')
  assert.deepEqual([context.cwd, context.language, context.active], ['/tmp', 'python', true])
  const where = await python.runCode('import os; y = 1; print(os.getcwd())', { context })
  assert.equal(where.stdout, '/tmp\n')
  assert.equal((await python.runCode('print(y)')).error.name, 'NameError')
  assert.ok((await python.listContexts()).some((each) => each.id === context.id))
  await python.deleteContext(context)
  assert.ok((await python.listContexts()).every((each) => each.id !== context.id))
  await assert.rejects(python.runCode('1', { context }), /context/i)
}

async function endsWhatTakesTooLong({ codeInterpreter: python }) {
  const context = await python.createContext()
  await assert.rejects(
    python.runCode('while True: pass', { context, timeout: 1 }), /time.?out|timed out/i)
  await python.deleteContext(context)
}

export const steps = [
  ['remembers', remembers],
  ['streams', streams],
  ['reports errors', reportsErrors],
  ['keeps contexts apart', keepsContextsApart],
  ['ends what takes too long', endsWhatTakesTooLong],
]
