import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, keepAndCompare, readHistory } from './history.ts'

const isTime = (figure: string) => !figure.endsWith('Mb')
const before = { commit: 'abc', yardstickMs: 40, figures: { tokenMs: 4, peakMb: 300 } }

test('a slower machine is no regression of times, and no excuse for memory', () => {
  const lines = compare(before, { yardstickMs: 80, figures: { tokenMs: 8, peakMb: 600 } }, isTime)
  assert.deepEqual(lines, ['tokenMs: 1.00 × that of abc', 'peakMb: 2.00 × that of abc  ← worse'])
})

test('a regression is marked, and a gain', () => {
  const lines = compare(before, { yardstickMs: 40, figures: { tokenMs: 5, peakMb: 200 } }, isTime)
  assert.match(lines[0]!, /1\.25 .* worse$/)
  assert.match(lines[1]!, /0\.67 .* better$/)
})

test('a figure that was not measured before has nothing to be compared with', () => {
  assert.deepEqual(compare(before, { yardstickMs: 40, figures: { loadSeconds: 1 } }, isTime), [])
})

test('every line of the history is an entry, and no figure of it below zero', () => {
  assert.ok(readHistory().length > 0)
})

test('a figure below zero is not kept', () => {
  const lines = readHistory().length
  const entry = { date: '', commit: '', processor: '', cores: 1, precision: '', yardstickMs: 1, model: '' }
  assert.throws(() => keepAndCompare({ ...entry, figures: { loadSeconds: -0.05 } }, isTime), { name: 'ZodError' })
  assert.equal(readHistory().length, lines)
})
