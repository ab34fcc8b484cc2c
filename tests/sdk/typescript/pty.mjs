// Pseudo terminals.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

// Collects what a terminal shows; `shows(text)` ends when it has shown it.
function screen() {
  const decoder = new TextDecoder()
  let text = ''
  let waiting = []
  const settle = () => {
    waiting = waiting.filter(([wanted, resolve]) => !text.includes(wanted) || resolve())
  }
  return {
    onData: (bytes) => {
      text += decoder.decode(bytes, { stream: true })
      settle()
    },
    shows: (wanted) => new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no ${JSON.stringify([wanted, text])}`)), 10_000)
      waiting.push([wanted, () => (clearTimeout(timer), resolve())])
      settle()
    }),
  }
}

async function opens(shell, more) {
  const id = `pty-${randomUUID()}`
  const view = screen()
  const handle = await shell.createPty({ id, onData: view.onData, ...more })
  await handle.waitForConnection()
  return { id, view, handle }
}

async function isATerminal({ process: shell }) {
  const { view, handle } = await opens(shell, {
    cols: 100, rows: 30, cwd: '/tmp', envs: { COLOUR: 'teal' } })
  await handle.sendInput('stty size; echo "$COLOUR:$(pwd):$TERM"\n')
  await view.shows('30 100')
  await view.shows('teal:/tmp:xterm-256color')
  const resized = await handle.resize(120, 40)
  assert.deepEqual([resized.cols, resized.rows], [120, 40])
  await handle.sendInput('stty size\n')
  await view.shows('40 120')
  await handle.sendInput('exit 3\n')
  assert.equal((await handle.wait()).exitCode, 3)
  assert.equal(handle.exitCode, 3)
}

async function isListed({ process: shell }, { sdk }) {
  const { id, handle } = await opens(shell, { cols: 90, rows: 20 })
  const listed = (await shell.listPtySessions()).find((session) => session.id === id)
  assert.deepEqual([listed.cols, listed.rows, listed.active], [90, 20, true])
  const info = await shell.resizePtySession(id, 91, 21)
  assert.deepEqual([info.cols, info.rows], [91, 21])
  assert.equal((await shell.getPtySessionInfo(id)).cols, 91)
  await shell.killPtySession(id)
  assert.notEqual((await handle.wait()).exitCode, 0)
  await assert.rejects(shell.getPtySessionInfo(id), sdk.DaytonaNotFoundError)
}

async function hasSeveralViewers({ process: shell }) {
  const { id, view, handle } = await opens(shell)
  await handle.sendInput('echo first-$((40 + 2))\n')
  await view.shows('first-42')
  await handle.disconnect()
  const [one, two] = [screen(), screen()]
  const left = await shell.connectPty(id, one)
  const right = await shell.connectPty(id, two)
  await left.waitForConnection()
  await right.waitForConnection()
  await one.shows('first-42')
  await left.sendInput('echo second-$((40 + 3))\n')
  await one.shows('second-43')
  await two.shows('second-43')
  await left.kill()
  await right.wait()
}

export const steps = [
  ['is a terminal', isATerminal],
  ['is listed, resized and killed', isListed],
  ['has several viewers', hasSeveralViewers],
]
