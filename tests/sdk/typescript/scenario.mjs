// What every version of the TypeScript SDK must be able to do.
// usage: node scenario.mjs PACKAGE FOLDER [MODULE...]
// FOLDER holds its node_modules. A module is files, git and so on; without
// one, all of them.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

const [packageName, folder, ...chosen] = process.argv.slice(2)
const sdk = createRequire(join(folder, 'package.json'))(packageName)

// Each exports `steps`, an array of [name, async (sandbox, stage) => ...].
const MODULES = [
  'files', 'process', 'charts', 'sessions', 'pty', 'interpreter', 'git', 'lsp', 'preview',
]
// Of SDKs since 0.195; what 0.190 lacks cannot be tried with it.
const NEWER = ['newer', 'newer_git']

async function step(name, body) {
  const began = performance.now()
  await body()
  console.log(`ok ${name} (${Math.round(performance.now() - began)} ms)`)
}

// What the steps share besides their sandbox.
class Stage {
  sdk = sdk
  daytona = new sdk.Daytona()
  mark = randomUUID()
  ours = []

  constructor(scratch) {
    this.scratch = scratch
  }

  async create(params) {
    const labels = { mark: this.mark, ...params.labels }
    const sandbox = await this.daytona.create({ ...params, labels })
    this.ours.push(sandbox)
    assert.equal(sandbox.state, 'started')
    return sandbox
  }
}

function modulesFor(sandbox) {
  const newer = 'init' in sandbox.git ? NEWER : []
  // Last, as it stops and deletes the sandbox of the others.
  return [...MODULES, ...newer, 'life']
}

async function run(stage) {
  let sandbox
  await step('create', async () => {
    sandbox = await stage.create({ labels: { role: 'first' }, envVars: { FLAVOUR: 'mint' } })
  })
  for (const name of chosen.length ? chosen : modulesFor(sandbox)) {
    const { steps } = await import(`./${name}.mjs`)
    for (const [title, body] of steps) {
      await step(`${name}: ${title}`, () => body(sandbox, stage))
    }
  }
}

const stage = new Stage(await mkdtemp(join(tmpdir(), 'varve-sdk-')))
let status = 0
try {
  await run(stage)
  console.log(`${packageName}: every step passed`)
} catch (error) {
  console.error('FAILED', error)
  status = 1
} finally {
  await Promise.allSettled(stage.ours.map((sandbox) => sandbox.delete()))
  await rm(stage.scratch, { recursive: true, force: true })
}
// Sockets that an SDK keeps open must not keep the test waiting.
process.exit(status)
