// The address under which a port of a sandbox is reached.
import assert from 'node:assert/strict'
import http from 'node:http'

// The name needs no resolving: the server is the one the SDK speaks to.
function get(url, headers) {
  const { hostname, port } = new URL(process.env.DAYTONA_API_URL)
  const options = { hostname, port, path: url.pathname, headers: { host: url.host, ...headers } }
  return new Promise((resolve, reject) => {
    http.get(options, (answer) => {
      let body = ''
      answer.on('data', (chunk) => (body += chunk))
      answer.on('end', () => resolve([answer.statusCode, body]))
    }).on('error', reject)
  })
}

async function reachesTheToolbox(sandbox) {
  const link = await sandbox.getPreviewLink(2280)
  const url = new URL(link.url)
  assert.equal(url.hostname.split('.')[0], `2280-${sandbox.id}`)
  url.pathname = '/version'
  const [status, body] = await get(url, { 'x-daytona-preview-token': link.token })
  assert.equal(status, 200)
  assert.ok(JSON.parse(body).version)
  const [refused] = await get(url, { 'x-daytona-preview-token': `${link.token}x` })
  assert.equal(refused, 401)
}

async function refusesWhatIsNoPort(sandbox) {
  await assert.rejects(sandbox.getPreviewLink(70_000), { statusCode: 400 })
}

export const steps = [
  ['reaches the toolbox', reachesTheToolbox],
  ['refuses what is no port', refusesWhatIsNoPort],
]
