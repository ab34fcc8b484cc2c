// Language servers of the image.
import assert from 'node:assert/strict'

const names = (symbols) => symbols.map((symbol) => symbol.name)

async function understandsPython(sandbox) {
  const code = 'class Greeter:\n    def greet(self):\n        return "hi"\n\nGreeter().\n'
  await sandbox.fs.uploadFile(Buffer.from(code), 'snake/main.py')
  const lsp = await sandbox.createLspServer('python', 'snake')
  await lsp.start()
  await lsp.didOpen('snake/main.py')
  const symbols = await lsp.documentSymbols('snake/main.py')
  assert.ok(names(symbols).includes('Greeter') && names(symbols).includes('greet'))
  const greeter = symbols.find((symbol) => symbol.name === 'Greeter')
  assert.match(greeter.location.uri, /snake\/main\.py$/)
  assert.equal(greeter.location.range.start.line, 0)
  const list = await lsp.completions('snake/main.py', { line: 4, character: 10 })
  assert.ok(list.items.some((item) => item.label.startsWith('greet')))
  assert.ok(names(await lsp.sandboxSymbols('Greeter')).includes('Greeter'))
  await lsp.didClose('snake/main.py')
  await lsp.stop()
}

async function understandsTypescript(sandbox) {
  const code = `export function double(x: number): number {
  return 2 * x
}
const text = "abc"
text.
`
  await sandbox.fs.uploadFile(Buffer.from(code), 'web/main.ts')
  const lsp = await sandbox.createLspServer('typescript', 'web')
  await lsp.start()
  await lsp.didOpen('web/main.ts')
  assert.ok(names(await lsp.documentSymbols('web/main.ts')).includes('double'))
  const list = await lsp.completions('web/main.ts', { line: 4, character: 5 })
  assert.ok(list.items.some((item) => item.label === 'toUpperCase'))
  assert.ok(names(await lsp.sandboxSymbols('double')).includes('double'))
  await lsp.didClose('web/main.ts')
  await lsp.stop()
}

async function refusesWhatIsNotStarted(sandbox) {
  const lsp = await sandbox.createLspServer('python', 'never-started')
  await assert.rejects(lsp.documentSymbols('never-started/main.py'), { statusCode: 400 })
}

export const steps = [
  ['understands Python', understandsPython],
  ['understands TypeScript', understandsTypescript],
  ['refuses what is not started', refusesWhatIsNotStarted],
]
