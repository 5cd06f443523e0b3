import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isRunning } from '../../test/helpers/judges/process-tree.ts'
import { skipped } from '../../test/helpers/skip.ts'
import { until } from '../../test/helpers/until.ts'
import { deathSignalPrefix } from './death-signal.ts'
import { ForkedProcess, ProcessEndedError } from './forked-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'paradox-forked-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const urlOf = (file: string) => new URL(file, import.meta.url).href
const entry = join(folder, 'entry.mjs')
writeFileSync(
  entry,
  `import { serveParent, tellParent } from '${urlOf('./parent.ts')}'
  serveParent(({ say, exit }) => {
    for (const word of say ?? []) tellParent(word)
    if (exit !== undefined) process.exit(exit)
  })`,
)
/** Starts such a process, tells its id, and asks it for a word at each SIGUSR2. */
const parent = join(folder, 'parent.mjs')
writeFileSync(
  parent,
  `import { ForkedProcess } from '${urlOf('./forked-process.ts')}'
  const child = new ForkedProcess(new URL('entry.mjs', import.meta.url), { stderr: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  const ask = (say) => child.ask({ say: [say] }, (word) => word)
  process.on('SIGUSR2', async () => console.log(await ask('here')))
  await ask('begun')
  console.log(child.pid)`,
)

interface Order {
  readonly say?: readonly string[]
  readonly exit?: number
}

const start = () => new ForkedProcess<Order, string>(pathToFileURL(entry), { stderr: 'inherit' })
const KILLED = { how: 'SIGKILL', hasStarted: true, isHang: false }

/** A process in a group of its own, and the id of the one that it has started. */
async function startParent(
  t: TestContext,
): Promise<{ child: ChildProcess; grandchild: number; line(): Promise<string> }> {
  const child = spawn(process.execPath, [parent], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const line = async () => String((await once(child.stdout!, 'data'))[0]).trim()
  return { child, grandchild: Number(await line()), line }
}

test('the first message that is an answer is the answer; those before it are read too', async () => {
  const child = start()
  const read: string[] = []
  const answer = await child.ask({ say: ['half', 'whole', 'more'] }, (message) => {
    read.push(message)
    return message === 'whole' ? message.length : undefined
  })
  assert.equal(answer, 5)
  assert.deepEqual(read.slice(0, 2), ['half', 'whole'])
  child.kill()
  assert.deepEqual(await child.ended, KILLED)
  assert.ok(child.hasEnded)
})

test('what the reader throws is thrown, and a process that ends without an answer is told of', async () => {
  const child = start()
  const refuse = () => {
    throw new Error('no such word')
  }
  await assert.rejects(child.ask({ say: ['word'] }, refuse), /no such word/)
  const asked = child.ask({ exit: 3 }, () => undefined)
  await assert.rejects(asked, (error) => error instanceof ProcessEndedError && error.end.how === 'exit code 3')
  child.send({ say: ['nobody is there'] }) // which is no failure
})

test('a process that does not end when it is told to is killed', async () => {
  const child = start()
  await child.stop({}, 50)
  assert.deepEqual(await child.ended, KILLED)
  const obedient = start()
  await obedient.stop({ exit: 0 }, 60_000)
  assert.equal((await obedient.ended).how, 'exit code 0')
})

test('a process that is stopped gives no sign of life and is killed; one that only waits is not', async () => {
  const patience = { tickMs: 100, idleTicks: 30, busyTicks: 600 }
  const [stopped, waiting] = [1, 2].map(
    () => new ForkedProcess<Order, string>(pathToFileURL(entry), { stderr: 'inherit', patience }),
  )
  const signs: string[] = []
  waiting!.onSignOfLife(() => signs.push('alive'))
  for (const child of [stopped!, waiting!]) await child.ask({ say: ['begun'] }, (word) => word)
  process.kill(stopped!.pid!, 'SIGSTOP')
  const { how, isHang } = await stopped!.ended
  assert.match(how, /^SIGKILL: it gave no sign of life for \d/)
  assert.equal(isHang, true)
  assert.ok(signs.length > 0)
  assert.equal(waiting!.hasEnded, false)
  waiting!.kill()
  assert.deepEqual(await waiting!.ended, KILLED)
})

test('signals to the group of its parent do not reach it', async (t) => {
  const { child, line } = await startParent(t)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(-child.pid!, signal)
  child.kill('SIGUSR2')
  assert.equal(await line(), 'here')
})

test('nor do those signals end it that reach it, as a supervisor sends them to all processes of a service', async (t) => {
  const { child, grandchild, line } = await startParent(t)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(grandchild, signal)
  child.kill('SIGUSR2')
  assert.equal(await line(), 'here')
})

for (const [how, signal] of [
  ['that works', 'SIGCONT'],
  ['that is stopped', 'SIGSTOP'],
] as const) {
  test(`a process ${how} ends with its parent, also when that is killed`, async (t) => {
    if (how === 'that is stopped' && deathSignalPrefix().length === 0) {
      return t.skip(skipped('machine', 'needs setpriv of util-linux'))
    }
    const { child, grandchild } = await startParent(t)
    process.kill(grandchild, signal)
    child.kill('SIGKILL')
    await until(() => !isRunning(grandchild))
  })
}
