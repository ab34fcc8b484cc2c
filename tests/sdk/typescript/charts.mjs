// What code draws with matplotlib.
import assert from 'node:assert/strict'

const CHARTS = `
import matplotlib.pyplot as plt
plt.plot([1, 2, 3], [1, 4, 9], label='squares')
plt.title('Growth')
plt.xlabel('n')
plt.ylabel('n squared')
plt.show()
plt.bar(['a', 'b'], [3, 5])
plt.title('Counts')
plt.show()
print('drawn')
`

async function bringsCharts({ process: shell }) {
  const answer = await shell.codeRun(CHARTS)
  assert.deepEqual([answer.exitCode, answer.result.trim()], [0, 'drawn'])
  const [line, bar] = answer.artifacts.charts
  assert.deepEqual([line.type, line.title], ['line', 'Growth'])
  assert.deepEqual([line.x_label, line.y_label], ['n', 'n squared'])
  assert.deepEqual(line.elements.map((element) => [element.label, element.points]), [
    ['squares', [[1, 1], [2, 4], [3, 9]]],
  ])
  assert.equal(Buffer.from(line.png, 'base64').subarray(1, 4).toString(), 'PNG')
  assert.deepEqual([bar.type, bar.title], ['bar', 'Counts'])
  assert.deepEqual(
    bar.elements.map((element) => [element.label, Number(element.value)]),
    [['a', 3], ['b', 5]],
  )
}

export const steps = [['brings charts', bringsCharts]]
