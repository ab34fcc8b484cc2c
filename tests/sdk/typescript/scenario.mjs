// What every version of the TypeScript SDK must be able to do.
// usage: node scenario.mjs PACKAGE FOLDER   (FOLDER holds its node_modules)
import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

const [packageName, folder] = process.argv.slice(2)
const { Daytona, DaytonaNotFoundError } = createRequire(join(folder, 'package.json'))(packageName)

const MEBIBYTE = 1024 * 1024
const daytona = new Daytona()
const mark = randomUUID()
const ours = []

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

async function step(name, body) {
  const began = performance.now()
  const value = await body()
  console.log(`ok ${name} (${Math.round(performance.now() - began)} ms)`)
  return value
}

async function create(params) {
  const sandbox = await daytona.create({ ...params, labels: { mark, ...params.labels } })
  ours.push(sandbox)
  assert.equal(sandbox.state, 'started')
  return sandbox
}

async function runsCode(sandbox) {
  const sum = await sandbox.process.codeRun('import sys\nprint(sum(map(int, sys.argv[1:])))', {
    argv: ['40', '2'],
  })
  assert.deepEqual([sum.exitCode, sum.result.trim()], [0, '42'])
  const raised = await sandbox.process.codeRun('raise ValueError("no")')
  assert.notEqual(raised.exitCode, 0)
  assert.match(raised.result, /ValueError: no/)
}

async function runsOtherLanguages() {
  const javascript = await create({ language: 'javascript' })
  const typescript = await create({ language: 'typescript' })
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
  const began = performance.now()
  await assert.rejects(shell.executeCommand('sleep 60', undefined, undefined, 1), /time.?out/i)
  assert.ok(performance.now() - began < 10_000)
  const inherited = await shell.executeCommand('echo "$FLAVOUR"')
  assert.equal(inherited.result.trim(), 'mint')
}

async function movesText({ fs }) {
  const text = 'täxt\nwith two lines\n'
  await fs.uploadFile(Buffer.from(text), 'notes/a.txt')
  assert.equal((await fs.downloadFile('notes/a.txt')).toString(), text)
  const listed = await fs.listFiles('notes')
  assert.deepEqual(listed.map((file) => [file.name, file.size]), [['a.txt', Buffer.byteLength(text)]])
}

async function movesBinary(sandbox, scratch) {
  const bytes = randomBytes(64 * MEBIBYTE)
  const there = '/tmp/big.bin'
  const sent = join(scratch, 'sent.bin')
  const received = join(scratch, 'received.bin')
  await writeFile(sent, bytes)
  await sandbox.fs.uploadFile(sent, there)
  const inside = await sandbox.process.executeCommand(`sha256sum ${there}`)
  assert.equal(inside.result.split(' ')[0], sha256(bytes))
  await sandbox.fs.downloadFile(there, received)
  assert.equal(sha256(await readFile(received)), sha256(bytes))
}

async function movesSeveral({ fs }) {
  const names = ['one', 'two', 'three'].map((name) => `/tmp/several/${name}.txt`)
  await fs.uploadFiles(names.map((name) => ({ source: Buffer.from(name), destination: name })))
  const missing = '/tmp/several/missing.txt'
  const answers = await fs.downloadFiles([...names, missing].map((source) => ({ source })))
  for (const name of names) {
    assert.equal(answers.find((answer) => answer.source === name).result.toString(), name)
  }
  const failed = answers.find((answer) => answer.source === missing)
  assert.ok(failed.error && !failed.result)
}

async function missesFiles({ fs }) {
  await assert.rejects(fs.downloadFile('/tmp/never/was'), DaytonaNotFoundError)
  await assert.rejects(fs.getFileDetails('/tmp/never/was'), DaytonaNotFoundError)
}

async function isListed(sandbox) {
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

async function stopsAndStarts(sandbox) {
  await sandbox.stop()
  assert.equal(sandbox.state, 'stopped')
  assert.equal((await daytona.get(sandbox.id)).state, 'stopped')
  await sandbox.start()
  assert.equal(sandbox.state, 'started')
  assert.match((await sandbox.fs.downloadFile('notes/a.txt')).toString(), /two lines/)
  assert.equal((await sandbox.process.executeCommand('echo back')).result.trim(), 'back')
}

async function isDeleted(sandbox) {
  await sandbox.delete()
  ours.splice(ours.indexOf(sandbox), 1)
  await assert.rejects(daytona.get(sandbox.id), DaytonaNotFoundError)
}

async function scenario(scratch) {
  const sandbox = await step('create', () =>
    create({ labels: { role: 'first' }, envVars: { FLAVOUR: 'mint' } }))
  await step('codeRun python', () => runsCode(sandbox))
  await step('codeRun javascript and typescript', runsOtherLanguages)
  await step('executeCommand', () => executesCommands(sandbox))
  await step('upload and download text', () => movesText(sandbox))
  await step('upload and download 64 MiB', () => movesBinary(sandbox, scratch))
  await step('upload and download several', () => movesSeveral(sandbox))
  await step('missing file', () => missesFiles(sandbox))
  await step('list', () => isListed(sandbox))
  await step('stop and start', () => stopsAndStarts(sandbox))
  await step('delete', () => isDeleted(sandbox))
}

const scratch = await mkdtemp(join(tmpdir(), 'varve-sdk-'))
let status = 0
try {
  await scenario(scratch)
  console.log(`${packageName}: every step passed`)
} catch (error) {
  console.error('FAILED', error)
  status = 1
} finally {
  await Promise.allSettled(ours.map((sandbox) => sandbox.delete()))
  await rm(scratch, { recursive: true, force: true })
}
// Sockets that an SDK keeps open must not keep the test waiting.
process.exit(status)
