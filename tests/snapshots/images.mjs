// A snapshot of an image and sandboxes of it, through the TypeScript SDK.
// usage: node images.mjs PACKAGE FOLDER
// FOLDER holds its node_modules.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [packageName, folder] = process.argv.slice(2)
const { Daytona, DaytonaError, Image } = createRequire(join(folder, 'package.json'))(packageName)
const IMAGE = 'python:3.12.10-slim-bookworm'
const daytona = new Daytona()
const ours = []

async function create(params, options) {
  const sandbox = await daytona.create(params, options)
  ours.push(sandbox)
  assert.equal(sandbox.state, 'started')
  const read = await sandbox.process.executeCommand('cat /marker')
  assert.equal(read.result.trim(), 'from the image')
  return sandbox
}

async function makesSnapshots() {
  const name = `team/sdk-${randomUUID()}:1.0`
  const said = []
  const resources = { cpu: 1, memory: 1, disk: 2 }
  const made = await daytona.snapshot.create(
    { name, image: IMAGE, resources, entrypoint: ['sleep', 'infinity'] },
    { onLogs: (line) => said.push(line) },
  )
  assert.equal(made.state, 'active')
  assert.equal(made.imageName, IMAGE)
  assert.deepEqual(made.entrypoint, ['sleep', 'infinity'])
  assert.ok(said.some((line) => line.includes(`Created snapshot ${name}`)), said.join('\n'))
  assert.equal((await daytona.snapshot.get(name)).id, made.id)
  assert.ok((await daytona.snapshot.list()).items.some((item) => item.id === made.id))
  await create({ snapshot: name })
  await assert.rejects(daytona.snapshot.create({ name, image: IMAGE }), DaytonaError)
  await daytona.snapshot.delete(made)
  await assert.rejects(daytona.snapshot.get(name), DaytonaError)
  const again = await daytona.snapshot.create({ name, image: IMAGE })
  await daytona.snapshot.delete(again)
}

// What only names an image is pulled, whichever way it is said.
async function makesSnapshotsOfBuilders() {
  const name = `sdk-builder-${randomUUID()}`
  const said = []
  const made = await daytona.snapshot.create(
    { name, image: Image.base(IMAGE) },
    { onLogs: (line) => said.push(line) },
  )
  assert.equal(made.state, 'active')
  await daytona.snapshot.delete(made)
}

async function saysWhatFailed() {
  const name = `sdk-missing-${randomUUID()}`
  await assert.rejects(
    daytona.snapshot.create({ name, image: 'python:0.0-never' }),
    /Failed to create snapshot.*manifest unknown/s,
  )
  const failed = await daytona.snapshot.get(name)
  assert.equal(failed.state, 'error')
  await daytona.snapshot.delete(failed)
  await assert.rejects(
    daytona.snapshot.create({ name, image: Image.base(IMAGE).runCommands('true') }),
    /does not build/,
  )
}

async function makesSandboxes() {
  const said = []
  const sandbox = await create(
    { image: IMAGE, resources: { cpu: 1, memory: 1, disk: 2 } },
    { onSnapshotCreateLogs: (line) => said.push(line) },
  )
  assert.ok(said.join('\n').includes(IMAGE), said.join('\n'))
  assert.equal(sandbox.memory, 1)
  await sandbox.stop()
  await sandbox.start()
  await create({ image: Image.base(IMAGE) })
}

try {
  await makesSnapshots()
  await makesSnapshotsOfBuilders()
  await saysWhatFailed()
  await makesSandboxes()
} finally {
  for (const sandbox of ours) await sandbox.delete()
}
