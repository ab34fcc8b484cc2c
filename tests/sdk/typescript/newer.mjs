// What came to sandboxes and files after 0.190.
import assert from 'node:assert/strict'

async function listsDeeply({ fs }) {
  await fs.uploadFile(Buffer.from('1'), '/tmp/tree/a/one')
  await fs.uploadFile(Buffer.from('2'), '/tmp/tree/a/b/two')
  const paths = async (depth) =>
    (await fs.listFiles('/tmp/tree', { depth })).map((file) => file.path).sort()
  assert.deepEqual(await paths(2), ['/tmp/tree/a', '/tmp/tree/a/b', '/tmp/tree/a/one'])
  assert.ok((await paths(3)).includes('/tmp/tree/a/b/two'))
}

async function signsFileUrls(sandbox) {
  await sandbox.fs.uploadFile(Buffer.from('for all'), '/tmp/shared file')
  const url = await sandbox.downloadUrl('/tmp/shared file')
  assert.equal(await (await fetch(url)).text(), 'for all')
  const rest = await fetch(url, { headers: { Range: 'bytes=4-' } })
  assert.deepEqual([rest.status, await rest.text()], [206, 'all'])
  assert.equal((await fetch(url.replace('shared', 'other'))).status, 401)
  assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 401)
  const body = new FormData()
  body.set('file', new Blob(['from all']), 'x')
  const sent = await fetch(await sandbox.uploadUrl('/tmp/sent'), { method: 'POST', body })
  assert.equal(sent.status, 200)
  assert.equal((await sandbox.fs.downloadFile('/tmp/sent')).toString(), 'from all')
  await sandbox.rotateSigningKey()
  assert.equal((await fetch(url)).ok, false)
  const again = await sandbox.downloadUrl('/tmp/shared file')
  assert.equal(await (await fetch(again)).text(), 'for all')
}

async function changesTheEnvironment(sandbox) {
  await sandbox.updateEnv({ ADDED: 'later', PASSING: 'on' })
  await sandbox.updateEnv({ ADDED: 'last' }, { unset: ['PASSING'] })
  const seen = await sandbox.process.executeCommand('echo "$ADDED:$PASSING"')
  assert.equal(seen.result.trim(), 'last:')
}

async function measures(sandbox) {
  const now = await sandbox.getMetricsLatest()
  assert.ok(now.cpuCount >= 1 && now.cpuUsedPct >= 0)
  assert.ok(now.memUsed > 0 && now.memUsed <= now.memTotal)
  assert.ok(now.diskUsed > 0 && now.diskUsed <= now.diskTotal)
  assert.ok(Math.abs(now.timestamp - Date.now()) < 60_000)
}

export const steps = [
  ['lists deeply', listsDeeply],
  ['signs file URLs', signsFileUrls],
  ['changes the environment', changesTheEnvironment],
  ['measures', measures],
]
