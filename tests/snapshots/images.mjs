// A snapshot of an image and sandboxes of it, through the TypeScript SDK.
// usage: node images.mjs PACKAGE FOLDER
// FOLDER holds its node_modules; VARVE_TEST_OUTSIDE is the URL of a web server
// with an index of packages. It leaves files where it is started.
import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [packageName, folder] = process.argv.slice(2)
const { Daytona, DaytonaError, Image } = createRequire(join(folder, 'package.json'))(packageName)
const IMAGE = 'python:3.12.10-slim-bookworm'
const PYTHON_IMAGE = 'python:with-pip'
const OUTSIDE = process.env.VARVE_TEST_OUTSIDE
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
  const broken = Image.base(IMAGE).runCommands('echo nearly there', 'false')
  const said = []
  await assert.rejects(
    daytona.snapshot.create({ name, image: broken }, { onLogs: (line) => said.push(line) }),
    /Failed to create snapshot.*RUN false/s,
  )
  assert.ok(said.join('\n').includes('nearly there'), said.join('\n'))
  const notBuilt = await daytona.snapshot.get(name)
  assert.equal(notBuilt.state, 'build_failed')
  await daytona.snapshot.delete(notBuilt)
}

// Files, a folder of more than one part of an upload, and a package from an
// index that only what reaches the internet reaches.
function builtImage() {
  writeFileSync('small.txt', 'a small file')
  mkdirSync('large/deep', { recursive: true })
  writeFileSync('large/deep/random', randomBytes(7 << 20))
  return Image.base(PYTHON_IMAGE)
    .pipInstall('varve-probe', {
      indexUrl: `${OUTSIDE}/simple`,
      extraOptions: `--trusted-host ${new URL(OUTSIDE).hostname}`,
    })
    .addLocalFile('small.txt', '/srv/small.txt')
    .addLocalDir('large', '/srv/large')
    .env({ GREETING: 'from the builder' })
    .workdir('/srv')
}

async function buildsSnapshots() {
  const name = `team/sdk-built-${randomUUID()}:1.0`
  const said = []
  const made = await daytona.snapshot.create(
    { name, image: builtImage(), resources: { cpu: 1, memory: 1, disk: 2 } },
    { onLogs: (line) => said.push(line) },
  )
  assert.equal(made.state, 'active')
  assert.ok(said.join('\n').includes('varve-probe'), said.join('\n'))
  const sandbox = await daytona.create({ snapshot: name })
  ours.push(sandbox)
  const run = async (command) => (await sandbox.process.executeCommand(command)).result.trim()
  assert.equal(await run('python -c "import varve_probe; print(varve_probe.word)"'), 'probed')
  assert.equal(await run('cat small.txt; echo; echo $GREETING'), 'a small file\nfrom the builder')
  const sum = createHash('sha256').update(readFileSync('large/deep/random')).digest('hex')
  assert.ok((await run('sha256sum /srv/large/deep/random')).startsWith(sum))
  await daytona.snapshot.delete(made)

  writeFileSync('Dockerfile', `FROM ${IMAGE}\nCOPY small.txt /copied\nRUN cat /copied >/marker2\n`)
  const fromFile = await daytona.snapshot.create({ name, image: Image.fromDockerfile('Dockerfile') })
  assert.equal(fromFile.state, 'active')
  await daytona.snapshot.delete(fromFile)
}

async function buildsSandboxes() {
  const said = []
  const image = Image.base(IMAGE).runCommands('echo building a sandbox', 'echo direct >/direct')
  const sandbox = await create({ image }, { onSnapshotCreateLogs: (line) => said.push(line) })
  const read = await sandbox.process.executeCommand('cat /direct')
  assert.equal(read.result.trim(), 'direct')
  assert.ok(said.join('\n').includes('building a sandbox'), said.join('\n'))
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
  await buildsSnapshots()
  await buildsSandboxes()
} finally {
  for (const sandbox of ours) await sandbox.delete()
}
