import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextUnsure, unsureWords } from './doubt.ts'
import type { Segment } from './transcript.ts'

const segment = (id: number, ...probabilities: (number | undefined)[]): Segment => ({
  id,
  start: id * 10,
  end: id * 10 + 10,
  text: '',
  quality: 'ok',
  words: probabilities.map((probability, i) => ({ word: 'x', start: id * 10 + i, end: id * 10 + i + 1, probability })),
})
const segments = [segment(0, 0.9, 0.4), segment(1, undefined, 0.2), segment(2)]

test('words below the limit are unsure, and what was typed is not', () => {
  assert.deepEqual(unsureWords(segments, 0.5), [
    { segment: 0, word: 1 },
    { segment: 1, word: 1 },
  ])
  assert.deepEqual(unsureWords(segments, 0), [])
})

test('the next unsure word follows the moment, and after the last comes the first', () => {
  assert.deepEqual(nextUnsure(segments, 0.5, 0), { segment: 0, word: 1 })
  assert.deepEqual(nextUnsure(segments, 0.5, 1), { segment: 1, word: 1 })
  assert.deepEqual(nextUnsure(segments, 0.5, 11), { segment: 0, word: 1 })
  assert.equal(nextUnsure(segments, 0.1, 0), undefined)
})
