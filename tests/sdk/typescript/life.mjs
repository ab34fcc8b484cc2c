// The life of a sandbox; the last step deletes the one it is given.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

async function isListed(sandbox, { daytona, mark, ours }) {
  const ids = async (labels) => {
    const found = []
    for await (const item of daytona.list({ labels })) found.push(item.id)
    return found
  }
  assert.deepEqual(await ids({ mark, role: 'first' }), [sandbox.id])
  assert.deepEqual((await ids({ mark })).sort(), ours.map((item) => item.id).sort())
  assert.deepEqual(await ids({ mark: randomUUID() }), [])
  assert.equal((await daytona.get(sandbox.name)).id, sandbox.id)
}

async function stopsAndStarts(sandbox, { daytona }) {
  await sandbox.fs.uploadFile(Buffer.from('still here'), 'kept.txt')
  await sandbox.stop()
  assert.equal(sandbox.state, 'stopped')
  assert.equal((await daytona.get(sandbox.id)).state, 'stopped')
  await sandbox.start()
  assert.equal(sandbox.state, 'started')
  assert.equal((await sandbox.fs.downloadFile('kept.txt')).toString(), 'still here')
  assert.equal((await sandbox.process.executeCommand('echo back')).result.trim(), 'back')
}

async function isDeleted(sandbox, { daytona, ours, sdk }) {
  await sandbox.delete()
  ours.splice(ours.indexOf(sandbox), 1)
  await assert.rejects(daytona.get(sandbox.id), sdk.DaytonaNotFoundError)
}

export const steps = [
  ['is listed', isListed],
  ['stops and starts', stopsAndStarts],
  ['is deleted', isDeleted],
]
