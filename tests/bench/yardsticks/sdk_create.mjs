// Creates a sandbox through the official SDK for every line on stdin and says
// on stdout how many milliseconds it took to the first successful exec.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(process.argv[2] + '/')
const { Daytona } = require('@daytonaio/sdk')
const daytona = new Daytona()

for await (const _ of createInterface({ input: process.stdin })) {
  const begun = performance.now()
  const sandbox = await daytona.create()
  const answer = await sandbox.process.executeCommand('true')
  const took = performance.now() - begun
  if (answer.exitCode !== 0) {
    throw new Error(`exec ended with ${answer.exitCode}: ${answer.result}`)
  }
  await sandbox.delete()
  console.log(took)
}
