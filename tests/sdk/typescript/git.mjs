// Git, against a server that asks for a password.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

const URL_OF_SERVER = 'http://127.0.0.1:8418/project.git'
const LOGIN = ['ada', 's3cret']
const AUTHOR = ['Ada', 'ada@example.test']
const GUEST = ['../guest/serve_git.sh', '../../harness/git_server.py']
const first = {}

async function shell(sandbox, command) {
  const answer = await sandbox.process.executeCommand(command)
  assert.equal(answer.exitCode, 0, answer.result)
  return answer.result.trim()
}

async function isServed(sandbox) {
  for (const path of GUEST) {
    const content = await readFile(new URL(path, import.meta.url))
    await sandbox.fs.uploadFile(content, `/tmp/${path.split('/').at(-1)}`)
  }
  const serve = `sh /tmp/serve_git.sh /tmp/served ${LOGIN.join(' ')}`
  first.commit = await shell(sandbox, serve)
}

async function clones({ git, fs }) {
  const clone = (path, branch, commit, password = LOGIN[1]) =>
    git.clone(URL_OF_SERVER, path, branch, commit, LOGIN[0], password)
  const content = async (path) => (await fs.downloadFile(`${path}/file.txt`)).toString()
  await assert.rejects(clone('denied', undefined, undefined, 'wrong'), { statusCode: 401 })
  await clone('project')
  assert.equal(await content('project'), 'two\n')
  const status = await git.status('project')
  assert.deepEqual([status.currentBranch, status.fileStatus], ['main', []])
  assert.deepEqual([status.ahead, status.behind, status.branchPublished], [0, 0, true])
  await clone('aside', 'side')
  assert.equal(await content('aside'), 'aside\n')
  await clone('past', undefined, first.commit)
  assert.equal(await content('past'), 'one\n')
}

async function commits({ git, fs }) {
  const states = async () =>
    (await git.status('project')).fileStatus.map((file) => [file.name, file.staging, file.worktree])
  await fs.uploadFile(Buffer.from('new'), 'project/new.txt')
  assert.deepEqual(await states(), [['new.txt', 'Untracked', 'Untracked']])
  await git.add('project', ['new.txt'])
  assert.deepEqual(await states(), [['new.txt', 'Added', 'Unmodified']])
  const { sha } = await git.commit('project', 'Add a file', ...AUTHOR)
  assert.match(sha, /^[0-9a-f]{40}$/)
  assert.deepEqual(await states(), [])
  assert.equal((await git.status('project')).ahead, 1)
  await fs.uploadFile(Buffer.from('changed'), 'project/new.txt')
  assert.deepEqual(await states(), [['new.txt', 'Unmodified', 'Modified']])
  await git.add('project', ['.'])
  await git.commit('project', 'Change it', ...AUTHOR)
}

async function branches({ git }, { sdk }) {
  const names = async () => (await git.branches('project')).branches.sort()
  await git.createBranch('project', 'topic')
  assert.deepEqual(await names(), ['main', 'topic'])
  assert.equal((await git.status('project')).currentBranch, 'topic')
  await git.checkoutBranch('project', 'main')
  await git.deleteBranch('project', 'topic')
  assert.deepEqual(await names(), ['main'])
  await assert.rejects(git.checkoutBranch('project', 'nowhere'), sdk.DaytonaNotFoundError)
  await assert.rejects(git.status('/tmp'), sdk.DaytonaNotFoundError)
}

async function pushesAndPulls(sandbox, { sdk }) {
  const { git, fs } = sandbox
  await assert.rejects(git.push('project', LOGIN[0], 'wrong'), { statusCode: 401 })
  await git.push('project', ...LOGIN)
  const heads = await shell(sandbox,
    'git -C /tmp/served/project.git rev-parse main; git -C project rev-parse HEAD')
  assert.equal(new Set(heads.split('\n')).size, 1)
  assert.equal((await git.status('project')).ahead, 0)
  await git.clone(URL_OF_SERVER, 'other', undefined, undefined, ...LOGIN)
  await fs.uploadFile(Buffer.from('theirs'), 'other/theirs.txt')
  await git.add('other', ['theirs.txt'])
  await git.commit('other', 'Theirs', ...AUTHOR)
  await git.push('other', ...LOGIN)
  await git.pull('project', ...LOGIN)
  assert.equal((await fs.downloadFile('project/theirs.txt')).toString(), 'theirs')
  await git.commit('project', 'Nothing', ...AUTHOR, true)
  await git.push('project', ...LOGIN)
  await git.commit('other', 'Late', ...AUTHOR, true)
  await assert.rejects(git.push('other', ...LOGIN), sdk.DaytonaConflictError)
}

export const steps = [
  ['is served', isServed],
  ['clones', clones],
  ['commits', commits],
  ['branches', branches],
  ['pushes and pulls', pushesAndPulls],
]
