import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { progressLine, type Terminal } from './progress-line.ts'

const ERASE = '\r\x1b[2K'

function terminal(isTTY: boolean, columns = 80): Terminal & { readonly written: string[] } {
  const written: string[] = []
  return { isTTY, columns, written, write: (text) => written.push(text) }
}

test('a terminal sees the seconds that are done, of how many once that is known', async () => {
  const stderr = terminal(true)
  const line = progressLine(stderr, async () => 90.4)
  line.show('/audio/a.ogg', 0)
  await setImmediate()
  line.show('/audio/a.ogg', 28.6)
  line.show('/audio/a.ogg', 95)
  line.clear()
  line.clear()
  assert.deepEqual(stderr.written, [
    `${ERASE}a.ogg: 0 s`,
    `${ERASE}a.ogg: 29 s of 90 s`,
    `${ERASE}a.ogg: 95 s`, // longer than its header says
    ERASE,
  ])
})

test('a length that cannot be found out is left away', async () => {
  const stderr = terminal(true)
  const line = progressLine(stderr, () => Promise.reject(new Error('no such file')))
  line.show('a', 1)
  await setImmediate()
  line.show('a', 2)
  assert.equal(stderr.written.at(-1), `${ERASE}a: 2 s`)
})

test('the line never wraps, and a name cannot steer the terminal', () => {
  const stderr = terminal(true, 20)
  progressLine(stderr, async () => undefined).show(`\x1b[31m${'x'.repeat(100)}`, 5)
  const [shown] = stderr.written
  assert.match(shown!.slice(ERASE.length), /^\?\[31mx+: 5 s$/)
  assert.ok(shown!.length - ERASE.length < 20)
})

test('what is no terminal sees nothing, and no file is looked into', () => {
  const stderr = terminal(false)
  const line = progressLine(stderr, () => assert.fail('asked'))
  line.show('a', 1)
  line.clear()
  assert.deepEqual(stderr.written, [])
})

test('the download of a model is told in percent, the steps after it by name', () => {
  const stderr = terminal(true)
  const line = progressLine(stderr, async () => undefined)
  line.showLoading({ stage: 'download', item: 'model.safetensors', fraction: 0.429 })
  line.showLoading({ stage: 'compile', item: '', fraction: undefined })
  assert.deepEqual(stderr.written, [`${ERASE}downloading model.safetensors 42 %`, `${ERASE}compiling the model`])
})
