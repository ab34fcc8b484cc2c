// The file system of a sandbox.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { join } from 'node:path'

const MEBIBYTE = 1024 * 1024
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

async function knowsItsFolders(sandbox) {
  const told = await sandbox.process.executeCommand('pwd; echo "$HOME"')
  const known = [await sandbox.getWorkDir(), await sandbox.getUserHomeDir()]
  assert.deepEqual(known, told.result.trim().split('\n'))
}

async function movesText({ fs }) {
  const text = 'täxt\nwith two lines\n'
  await fs.uploadFile(Buffer.from(text), 'notes/a.txt')
  assert.equal((await fs.downloadFile('notes/a.txt')).toString(), text)
  const listed = await fs.listFiles('notes')
  assert.deepEqual(
    listed.map((file) => [file.name, file.size]), [['a.txt', Buffer.byteLength(text)]])
}

async function movesBinary(sandbox, { scratch }) {
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

async function streams({ fs }) {
  const bytes = randomBytes(3 * MEBIBYTE)
  const source = Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])
  await fs.uploadFileStream(source, '/tmp/stream.bin')
  const chunks = []
  for await (const chunk of await fs.downloadFileStream('/tmp/stream.bin')) chunks.push(chunk)
  assert.equal(sha256(Buffer.concat(chunks)), sha256(bytes))
}

async function describes({ fs, process: shell }) {
  await fs.createFolder('made/inside', '0750')
  const folder = await fs.getFileDetails('made/inside')
  assert.deepEqual([folder.isDir, folder.permissions, folder.mode], [true, '0750', 'drwxr-x---'])
  await fs.uploadFile(Buffer.from('hello'), 'made/file')
  await shell.executeCommand('ln -s file made/link')
  for (const path of ['made/file', 'made/link']) {
    const file = await fs.getFileDetails(path)
    assert.deepEqual([file.isDir, file.size, file.mode], [false, 5, '-rw-r--r--'])
    assert.ok(Math.abs(Date.parse(file.modifiedAt) - Date.now()) < 60_000)
  }
  const names = (await fs.listFiles('made')).map((file) => file.name)
  assert.deepEqual(names, ['file', 'inside', 'link'])
}

async function changesPermissions({ fs, process: shell }) {
  await fs.uploadFile(Buffer.from('mine'), '/tmp/owned')
  await fs.setFilePermissions('/tmp/owned', { mode: '0600' })
  const details = await fs.getFileDetails('/tmp/owned')
  assert.deepEqual([details.permissions, details.mode], ['0600', '-rw-------'])
  const group = (await shell.executeCommand('id -gn')).result.trim()
  await fs.setFilePermissions('/tmp/owned', { mode: '0640', group })
  const seen = await shell.executeCommand('stat -c %a:%G /tmp/owned')
  assert.equal(seen.result.trim(), `640:${group}`)
}

async function findsAndReplaces({ fs }) {
  await fs.uploadFile(Buffer.from('first\nthe needle\n'), 'hay/one.txt')
  await fs.uploadFile(Buffer.from('needle again'), 'hay/deep/two.md')
  const found = await fs.findFiles('hay', 'needle')
  assert.deepEqual(
    found.map((match) => [match.file, match.line, match.content]).sort(),
    [['hay/deep/two.md', 1, 'needle again'], ['hay/one.txt', 2, 'the needle']],
  )
  assert.deepEqual((await fs.searchFiles('hay', '*.md')).files, ['hay/deep/two.md'])
  const files = ['hay/one.txt', 'hay/deep/two.md', 'hay/none']
  const replaced = await fs.replaceInFiles(files, 'needle', 'pin')
  assert.deepEqual(replaced.map((each) => [each.file, each.success]), [
    ['hay/one.txt', true], ['hay/deep/two.md', true], ['hay/none', false]])
  assert.equal((await fs.downloadFile('hay/one.txt')).toString(), 'first\nthe pin\n')
}

async function movesAndDeletes({ fs }, { sdk }) {
  await fs.uploadFile(Buffer.from('x'), 'from/x')
  await fs.uploadFile(Buffer.from('y'), 'from/y')
  await fs.moveFiles('from/x', 'from/z')
  assert.equal((await fs.downloadFile('from/z')).toString(), 'x')
  await assert.rejects(fs.getFileDetails('from/x'), sdk.DaytonaNotFoundError)
  await assert.rejects(fs.moveFiles('from/y', 'from/z'), sdk.DaytonaConflictError)
  await fs.deleteFile('from/y')
  await assert.rejects(fs.deleteFile('from/y'), sdk.DaytonaNotFoundError)
  await assert.rejects(fs.deleteFile('from'), { statusCode: 400 })
  await fs.deleteFile('from', true)
  await assert.rejects(fs.listFiles('from'), sdk.DaytonaNotFoundError)
}

async function missesFiles({ fs }, { sdk }) {
  await assert.rejects(fs.downloadFile('/tmp/never/was'), sdk.DaytonaNotFoundError)
  await assert.rejects(fs.getFileDetails('/tmp/never/was'), sdk.DaytonaNotFoundError)
}

export const steps = [
  ['knows its folders', knowsItsFolders],
  ['moves text', movesText],
  ['moves 64 MiB', movesBinary],
  ['moves several', movesSeveral],
  ['streams', streams],
  ['describes', describes],
  ['changes permissions', changesPermissions],
  ['finds and replaces', findsAndReplaces],
  ['moves and deletes', movesAndDeletes],
  ['misses what is not there', missesFiles],
]
