import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder } from '../test/helpers/data/audio-files.ts'
import { until } from '../test/helpers/until.ts'
import { LogStream } from './log-stream.ts'

const folder = new TempFolder()
after(() => folder[Symbol.dispose]())
const line = (i: number) => `{"line":${i},"text":"não ${'x'.repeat(80)}"}\n`

/** A pipe that does not block, both ends. */
function openPipe(): number {
  const path = folder.file(`pipe-${Math.random()}`)
  execFileSync('mkfifo', [path])
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
}

/** What lies in a pipe. */
function drain(pipe: number): string {
  const pieces: Buffer[] = []
  for (;;) {
    const piece = Buffer.alloc(65_536)
    try {
      pieces.push(piece.subarray(0, readSync(pipe, piece)))
    } catch {
      return Buffer.concat(pieces).toString() // EAGAIN: nothing is left
    }
  }
}

test('lines come in their order, those of a process that ends too', async () => {
  const path = folder.file('log')
  const file = openSync(path, 'a')
  const log = new LogStream(file)
  for (let i = 0; i < 1_000; i++) log.write(line(i))
  await until(() => readFileSync(path, 'utf8').endsWith(line(999)))
  log.write(line(1_000))
  for (let i = 1_001; i < 1_100; i++) log.write(line(i))
  log.flushSync()
  await until(() => readFileSync(path, 'utf8').split('\n').length === 1_101)
  const written = new Set(readFileSync(path, 'utf8').split(/(?<=\n)/))
  for (let i = 0; i < 1_100; i++) assert.ok(written.has(line(i)))
  assert.equal(log.nDropped, 0)
  closeSync(file)
})

test('a reader that has stopped gets what was kept when it goes on; more than that is dropped and counted', async () => {
  const pipe = openPipe()
  const log = new LogStream(pipe, 100_000)
  const nLines = 5_000
  for (let i = 0; i < nLines; i++) log.write(line(i))
  await until(() => log.nDropped > 0)
  let read = ''
  await until(() => {
    read += drain(pipe)
    return read.split('\n').length - 1 === nLines - log.nDropped
  })
  const numbers = Array.from(read.matchAll(/"line":(\d+)/g), ([, i]) => Number(i))
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
  log.write(line(nLines))
  await until(() => drain(pipe) === line(nLines))
  closeSync(pipe)
})

test('at the end a reader that has stopped is waited for, but not for ever', async () => {
  const pipe = openPipe()
  const log = new LogStream(pipe)
  for (let i = 0; i < 5_000; i++) log.write(line(i))
  log.flushSync()
  assert.ok(drain(pipe).length > 0)
  closeSync(pipe)
})

test('a full disk loses the lines of its time and no others', async () => {
  const full = openSync('/dev/full', 'w')
  const log = new LogStream(full)
  for (let i = 0; i < 3; i++) log.write(line(i))
  await until(() => log.nDropped === 3)
  log.write(line(3))
  await until(() => log.nDropped === 4)
  log.write(line(4))
  log.flushSync()
  closeSync(full)
})
