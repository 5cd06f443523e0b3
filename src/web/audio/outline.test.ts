import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loudestOf, wordPeaks } from './outline.ts'

test('each stretch of the drawing is as high as the loudest of its samples', () => {
  assert.deepEqual(loudestOf(Float32Array.of(0, -0.5, 0.25, 0, 0, 2), 3), [0.5, 0.25, 1])
  assert.deepEqual(loudestOf(new Float32Array(0), 0), [])
})

test('where no sound is drawn, bars stand where words are', () => {
  const words = [{ word: 'a', start: 5, end: 6, probability: 1 }]
  const peaks = wordPeaks([{ id: 0, start: 4, end: 7, text: 'a', words, quality: 'ok' }], 10)
  const at = (seconds: number) => peaks[Math.floor((seconds / 10) * peaks.length)]
  assert.deepEqual([at(4.5), at(5.5), at(6.5)], [0, 0.5, 0])
  assert.ok(wordPeaks([], 0).every((peak) => peak === 0))
})
