// Shells that live on, their logs and their input.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

// A session for as long as `body` takes.
async function withSession(shell, body) {
  const id = `session-${randomUUID()}`
  await shell.createSession(id)
  try {
    await body(id, (command, more) => shell.executeSessionCommand(id, { command, ...more }))
  } finally {
    await shell.deleteSession(id)
  }
}

// Follows a command to its end: [stdout, stderr].
async function follow(shell, id, commandId) {
  const streams = ['', '']
  await shell.getSessionCommandLogs(
    id,
    commandId,
    (chunk) => (streams[0] += chunk),
    (chunk) => (streams[1] += chunk),
  )
  return streams
}

async function keepsItsState({ process: shell }) {
  await withSession(shell, async (id, execute) => {
    await execute('cd /tmp && export COLOUR=teal')
    const second = await execute('pwd; echo "$COLOUR" >&2; (exit 3)')
    assert.deepEqual([second.exitCode, second.stdout, second.stderr], [3, '/tmp\n', 'teal\n'])
    const known = await shell.getSession(id)
    assert.equal(known.sessionId, id)
    assert.deepEqual(known.commands.map((command) => command.exitCode), [0, 3])
    assert.ok((await shell.listSessions()).some((session) => session.sessionId === id))
  })
}

async function followsLogs({ process: shell }) {
  await withSession(shell, async (id, execute) => {
    const command = 'for i in 1 2 3; do echo out$i; echo err$i >&2; sleep 0.1; done; (exit 5)'
    const { cmdId, exitCode } = await execute(command, { runAsync: true })
    assert.ok(exitCode === undefined || exitCode === null)
    const expected = ['out1\nout2\nout3\n', 'err1\nerr2\nerr3\n']
    assert.deepEqual(await follow(shell, id, cmdId), expected)
    const ended = await shell.getSessionCommand(id, cmdId)
    assert.deepEqual([ended.id, ended.command, ended.exitCode], [cmdId, command, 5])
    const logs = await shell.getSessionCommandLogs(id, cmdId)
    assert.deepEqual([logs.stdout, logs.stderr], expected)
  })
}

async function takesInput({ process: shell }) {
  await withSession(shell, async (id, execute) => {
    const ask = 'read -r name; echo "hello $name"'
    const { cmdId } = await execute(ask, { runAsync: true, suppressInputEcho: true })
    await shell.sendSessionCommandInput(id, cmdId, 'Ada\n')
    assert.deepEqual(await follow(shell, id, cmdId), ['hello Ada\n', ''])
    await assert.rejects(shell.sendSessionCommandInput(id, cmdId, 'late\n'))
  })
}

async function outlivesExit({ process: shell }) {
  const id = `session-${randomUUID()}`
  await shell.createSession(id)
  const left = await shell.executeSessionCommand(id, { command: 'echo bye; exit 4' })
  assert.deepEqual([left.exitCode, left.stdout], [4, 'bye\n'])
  await shell.deleteSession(id)
}

async function hasNoEntrypoint({ process: shell }, { sdk }) {
  await assert.rejects(shell.getEntrypointSession(), sdk.DaytonaNotFoundError)
  await assert.rejects(shell.getEntrypointLogs(), sdk.DaytonaNotFoundError)
}

async function refusesAndForgets({ process: shell }, { sdk }) {
  const id = `session-${randomUUID()}`
  await shell.createSession(id)
  await assert.rejects(shell.createSession(id), sdk.DaytonaConflictError)
  const job = await shell.executeSessionCommand(id, { command: 'sleep 300 & echo $!' })
  await shell.deleteSession(id)
  await assert.rejects(shell.getSession(id), sdk.DaytonaNotFoundError)
  const gone = await shell.executeCommand(`kill -0 ${job.stdout.trim()}`)
  assert.notEqual(gone.exitCode, 0)
  await assert.rejects(
    shell.executeSessionCommand(id, { command: 'true' }), sdk.DaytonaNotFoundError)
}

export const steps = [
  ['keeps its state', keepsItsState],
  ['follows logs', followsLogs],
  ['takes input', takesInput],
  ['outlives an exit', outlivesExit],
  ['has none for an entry point', hasNoEntrypoint],
  ['refuses and forgets', refusesAndForgets],
]
