import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spansOfWords, uncovered } from './coverage.ts'
import { partOf, type Span, type Window } from './windows.ts'

function windowWith(...speech: Span[]): Window {
  return { samples: new Float32Array(28 * 16_000), startSeconds: 100, speech }
}

test('speech that goes on well after the last word is left over, and speech before the first', () => {
  const window = windowWith({ start: 101, end: 120 })
  assert.deepEqual(uncovered(window, [{ start: 106, end: 110 }]), [
    { start: 101, end: 105.5 },
    { start: 110.5, end: 120 },
  ])
})

test('a gap between words counts only where there is speech in it', () => {
  const said = [
    { start: 101, end: 103 },
    { start: 110, end: 112 },
  ]
  assert.deepEqual(uncovered(windowWith({ start: 101, end: 103.2 }, { start: 109.8, end: 112 }), said), [])
  assert.deepEqual(uncovered(windowWith({ start: 101, end: 112 }), said), [{ start: 103.5, end: 109.5 }])
})

test('less than a word or two is not worth a window', () => {
  assert.deepEqual(uncovered(windowWith({ start: 101, end: 104.9 }), [{ start: 101, end: 103 }]), [])
})

test('a word behind a pause is left over, however short, with some sound on either side; a click is not', () => {
  const said = [{ start: 101, end: 103 }]
  assert.deepEqual(uncovered(windowWith({ start: 101, end: 103.1 }, { start: 103.6, end: 103.9 }), said), [
    { start: 103.3, end: 104.2 },
  ])
  assert.deepEqual(uncovered(windowWith({ start: 101, end: 103.1 }, { start: 103.6, end: 103.7 }), said), [])
})

test('a word that was said a little before or behind its sound is not left over', () => {
  const said = [
    { start: 101, end: 103 },
    { start: 103.1, end: 103.7 },
  ]
  assert.deepEqual(uncovered(windowWith({ start: 101, end: 103 }, { start: 103.6, end: 104 }), said), [])
})

test('words that stand alone one after the other are left over together', () => {
  const window = windowWith(...[101, 102, 103, 104].map((start) => ({ start, end: start + 0.5 })))
  assert.deepEqual(uncovered(window, []), [{ start: 100.7, end: 104.8 }])
  assert.deepEqual(uncovered(window, [{ start: 102, end: 102.5 }]), [
    { start: 100.7, end: 101.8 },
    { start: 102.7, end: 104.8 },
  ])
})

test('a word that is said to take many seconds has swallowed what was skipped', () => {
  const words = spansOfWords([
    { word: ' um', start: 102, end: 102.4 },
    { word: ' dois', start: 103, end: 112 },
  ])
  assert.deepEqual(words, [
    { start: 102, end: 102.4 },
    { start: 103, end: 104 },
  ])
  assert.equal(uncovered(windowWith({ start: 102, end: 112 }), words).length, 1)
})

test('one that stands for several, as digits do, may take as long as they', () => {
  const span = { start: 102, end: 109 }
  for (const word of [' 8-8-8-8', ' 8888', ' primeiro-ministro-da-terra']) {
    assert.deepEqual(spansOfWords([{ word, ...span }]), [span], word)
  }
})

test('a part of a window keeps its place in the recording and only its own speech', () => {
  const window = windowWith({ start: 101, end: 104 }, { start: 106, end: 120 })
  window.samples.fill(1, 10 * 16_000, 12 * 16_000)
  const part = partOf(window, { start: 110, end: 112 })
  assert.equal(part.startSeconds, 110)
  assert.equal(part.samples.length, 32_000)
  assert.ok(part.samples.every((sample) => sample === 1))
  assert.deepEqual(part.speech, [{ start: 110, end: 112 }])
})
