import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { ForkedProcess, ProcessEndedError } from './forked-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'paradox-forked-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const entry = join(folder, 'entry.mjs')
writeFileSync(
  entry,
  `process.on('message', ({ say, exit, hang }) => {
    for (const word of say ?? []) process.send(word)
    if (exit !== undefined) process.exit(exit)
    if (hang) process.on('SIGTERM', () => {})
  })`,
)

interface Order {
  readonly say?: readonly string[]
  readonly exit?: number
  readonly hang?: boolean
}

const start = () => new ForkedProcess<Order, string>(pathToFileURL(entry), { stderr: 'inherit' })

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
  assert.deepEqual(await child.ended, { how: 'SIGKILL', hasStarted: true })
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
  await child.stop({ hang: true }, 50)
  assert.deepEqual(await child.ended, { how: 'SIGKILL', hasStarted: true })
  const obedient = start()
  await obedient.stop({ exit: 0 }, 60_000)
  assert.equal((await obedient.ended).how, 'exit code 0')
})
