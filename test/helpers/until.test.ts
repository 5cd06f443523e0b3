import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from './until.ts'

test('a condition is asked again and again until it holds, also one that takes time to answer', async () => {
  let asked = 0
  await until(() => ++asked === 3)
  assert.equal(asked, 3)
  await until(async () => ++asked === 5)
  assert.equal(asked, 5)
})

test('one that never holds fails in time, and says what it is', async () => {
  const engines: number[] = []
  await assert.rejects(
    until(() => engines.length > 0, undefined, 0.02),
    /^AssertionError.*: within 0\.02 s it did not come to this: engines\.length > 0$/,
  )
  await assert.rejects(
    until(() => false, 'the end of time', 0),
    /within 0 s it did not come to this: the end of time$/,
  )
})

test('what the condition throws comes out at once', async () => {
  const broken = () => {
    throw new TypeError('not there')
  }
  await assert.rejects(until(broken), { name: 'TypeError', message: 'not there' })
})
