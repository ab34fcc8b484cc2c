// Makes a sandbox with the official TypeScript SDK and waits, without asking,
// until its socket told that it was stopped by somebody else.
// usage: node hears.mjs PACKAGE FOLDER
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { join } from 'node:path'

const [packageName, folder] = process.argv.slice(2)
const sdk = createRequire(join(folder, 'package.json'))(packageName)
const daytona = new sdk.Daytona()
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const sandbox = await daytona.create()
console.log(`made ${sandbox.id} ${sandbox.state}`)
await lines.next() // the test has looked, and stops it now
const until = Date.now() + 20_000
while (sandbox.state !== 'stopped' && Date.now() < until) {
  await new Promise((wake) => setTimeout(wake, 20))
}
console.log(`heard ${sandbox.state}`)
await lines.next()
await sandbox.delete()
process.exit(0)
