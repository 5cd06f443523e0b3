import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compressionRatio, longestRepeat, loopPeriod } from './repetition.ts'

function phrase(length: number): number[] {
  return Array.from({ length }, (_, i) => i + 1)
}

function repeated(length: number, times: number): number[] {
  return Array.from({ length: times }, () => phrase(length)).flat()
}

test('a phrase of two to twelve tokens that ends a text four times in a row is a loop', () => {
  for (let length = 2; length <= 12; length++) {
    assert.equal(loopPeriod([99, 98, ...repeated(length, 4)], 0), length)
    assert.equal(loopPeriod([99, 98, ...repeated(length, 3)], 0), 0)
  }
})

test('a single token that repeats is a loop after eight', () => {
  assert.equal(loopPeriod([5, 5, 5, 5, 5, 5, 5], 0), 0)
  assert.equal(loopPeriod([5, 5, 5, 5, 5, 5, 5, 5], 0), 2)
})

test('a loop that has ended is none', () => {
  assert.equal(loopPeriod([...repeated(3, 6), 50, 51], 0), 0)
})

test('what the speech of a window can hold is no loop yet', () => {
  const longest = longestRepeat(4)
  assert.equal(longest, 50)
  assert.equal(loopPeriod(repeated(5, 9), longest), 0)
  assert.equal(loopPeriod(repeated(5, 10), longest), 5)
  assert.equal(loopPeriod([7, ...repeated(3, 16)], longest), 0)
  assert.equal(loopPeriod([7, ...repeated(3, 17)], longest), 3)
  assert.equal(loopPeriod(repeated(4, 100), Number.POSITIVE_INFINITY), 0)
})

test('the compression ratio of a text that repeats itself passes 2.4, that of ordinary speech does not', () => {
  assert.ok(compressionRatio('obrigado '.repeat(40)) > 2.4)
  assert.ok(compressionRatio('Uma raposa velha não consegue aprender nenhum ofício.') < 2.4)
  assert.equal(compressionRatio(''), 0)
})
