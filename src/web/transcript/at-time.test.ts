import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastBegun, spokenAt } from './at-time.ts'

const words = [
  { start: 1, end: 2 },
  { start: 2, end: 2.5 },
  { start: 4, end: 5 },
]

test('a word is spoken from its start until before its end', () => {
  assert.deepEqual(
    [0, 1, 1.999, 2, 2.5, 3, 4, 5, 99].map((at) => spokenAt(words, at)),
    [-1, 0, 0, 1, -1, -1, 2, -1, -1],
  )
})

test('in a pause the word before it is the last that has begun', () => {
  assert.deepEqual(
    [0, 1, 3, 4, 99].map((at) => lastBegun(words, at)),
    [-1, 0, 1, 2, 2],
  )
  assert.equal(lastBegun([], 1), -1)
})
