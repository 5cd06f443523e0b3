import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomStream } from './random.ts'

const drawn = (...keys: number[]) => Array.from({ length: 1000 }, randomStream(...keys))

test('a stream is the same each time, whatever else is drawn meanwhile', () => {
  const [alone, first, second] = [drawn(7, 480_000, 0.2, 1), randomStream(7, 480_000, 0.2, 1), randomStream(8)]
  const inCompany = Array.from({ length: 1000 }, () => [first(), second()][0])
  assert.deepEqual(inCompany, alone)
})

test('streams of other keys have nothing in common, however near the keys are', () => {
  const streams = [[0], [1], [-1], [0, 0], [0, 1], [1, 0], [0, 0.2], [0, 0.4], [2 ** 40], [2 ** 53 - 1]]
  const firsts = streams.map((keys) => randomStream(...keys)())
  assert.equal(new Set(firsts).size, streams.length)
  for (const keys of streams.slice(1)) {
    const same = drawn(...keys).filter((value, i) => Math.abs(value - drawn(0)[i]!) < 0.01)
    assert.ok(same.length < 60, `${keys}: ${same.length} of 1000 are alike`)
  }
})

test('numbers are spread evenly over [0, 1)', () => {
  for (const seed of [0, 1, 12345]) {
    const values = drawn(seed)
    assert.ok(values.every((value) => value >= 0 && value < 1))
    const mean = values.reduce((sum, value) => sum + value) / values.length
    assert.ok(Math.abs(mean - 0.5) < 0.05, String(mean))
    const tenths = Object.values(Object.groupBy(values, (value) => Math.floor(value * 10)))
    assert.equal(tenths.length, 10)
    for (const tenth of tenths) assert.ok(tenth!.length > 60 && tenth!.length < 140, String(tenth!.length))
  }
})
