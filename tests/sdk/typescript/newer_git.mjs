// What git can do since 0.195. Follows git.mjs: its server runs.
import assert from 'node:assert/strict'

const AUTHOR = ['Ada', 'ada@example.test']
const ORIGIN = 'http://127.0.0.1:8418/project.git'

async function startsARepository({ git, fs }) {
  await git.init('fresh', false, 'trunk')
  await git.configureUser('Grace', 'grace@example.test', 'local', 'fresh')
  assert.equal(await git.getConfig('user.name', 'local', 'fresh'), 'Grace')
  await git.setConfig('core.editor', 'true', 'local', 'fresh')
  assert.equal(await git.getConfig('core.editor', 'local', 'fresh'), 'true')
  assert.equal((await git.getConfig('no.such', 'local', 'fresh')) ?? null, null)
  await fs.uploadFile(Buffer.from('1'), 'fresh/number')
  await git.add('fresh', ['number'])
  await git.commit('fresh', 'One', ...AUTHOR)
  assert.equal((await git.status('fresh')).currentBranch, 'trunk')
}

async function undoes({ git, fs }) {
  const content = async () => (await fs.downloadFile('fresh/number')).toString()
  await fs.uploadFile(Buffer.from('2'), 'fresh/number')
  await git.restore('fresh', ['number'])
  assert.equal(await content(), '1')
  await fs.uploadFile(Buffer.from('2'), 'fresh/number')
  await git.add('fresh', ['number'])
  await git.commit('fresh', 'Two', ...AUTHOR)
  await git.reset('fresh', 'soft', 'HEAD~1')
  assert.deepEqual(
    (await git.status('fresh')).fileStatus.map((file) => [file.name, file.staging]),
    [['number', 'Modified']])
  await git.reset('fresh', 'hard')
  assert.equal(await content(), '1')
}

async function knowsRemotes({ git, fs }) {
  await git.remoteAdd('fresh', 'origin', 'http://127.0.0.1:1/wrong.git')
  await git.remoteAdd('fresh', 'origin', ORIGIN, false, true)
  assert.equal(await git.remoteGet('fresh', 'origin'), ORIGIN)
  assert.deepEqual((await git.remotes('fresh')).remotes, [{ name: 'origin', url: ORIGIN }])
  await git.dangerouslyAuthenticate('ada', 's3cret', '127.0.0.1:8418', 'http')
  await git.clone(ORIGIN, 'shallow', 'side', undefined, undefined, undefined, false, 1)
  assert.equal((await fs.downloadFile('shallow/file.txt')).toString(), 'aside\n')
  await git.push('fresh', undefined, undefined, 'trunk', 'origin', true)
  const status = await git.status('fresh')
  assert.deepEqual([status.branchPublished, status.ahead], [true, 0])
}

async function saysWhatIsWrong({ git }, { sdk }) {
  await assert.rejects(git.clone(ORIGIN, 'denied', undefined, undefined, 'ada', 'wrong'),
    sdk.DaytonaGitAuthFailedError)
  await assert.rejects(git.checkoutBranch('fresh', 'nowhere'), sdk.DaytonaGitBranchNotFoundError)
  await assert.rejects(git.createBranch('fresh', 'trunk'), sdk.DaytonaGitBranchExistsError)
}

export const steps = [
  ['starts a repository', startsARepository],
  ['undoes', undoes],
  ['knows remotes', knowsRemotes],
  ['says what is wrong', saysWhatIsWrong],
]
