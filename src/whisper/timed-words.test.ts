import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { lasting, timeWords, type WindowTiming } from './timed-words.ts'

const POSITION = 0.02
/** Sums of hundredths are not exact. */
const ROUNDING = 1e-9

/** Words of one to three tokens each, their attention, and the window that they are in. */
const alignment = fc
  .record({
    words: fc.array(
      fc.record({
        text: fc.constantFrom(' um', ' Sr.', ' fim.', ' e...', '今', ' ?'),
        n: fc.integer({ min: 1, max: 3 }),
      }),
      {
        minLength: 1,
        maxLength: 12,
      },
    ),
    nPositions: fc.integer({ min: 1, max: 60 }),
    startSeconds: fc.nat({ max: 16_000 * 3600 }).map((sample) => sample / 16_000),
    /** From the start of the window. */
    spans: fc.array(fc.record({ start: fc.integer({ max: 60, min: 0 }), n: fc.integer({ min: 1, max: 20 }) }), {
      maxLength: 3,
    }),
    areCandidates: fc.boolean(),
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
    /** With 0 all positions are alike, so that the path through them is as odd as can be. */
    contrast: fc.constantFrom(0, 1, 20),
  })
  .map(({ words, seed, contrast, spans, ...rest }) => {
    const speech = spans
      .map(({ start, n }) => ({
        start: rest.startSeconds + start * POSITION,
        end: rest.startSeconds + (start + n) * POSITION,
      }))
      .sort((a, b) => a.start - b.start)
    const timing = { ...rest, speech }
    const [firstRow, audioContext] = [2, 64]
    const nText = words.reduce((sum, { n }) => sum + n, 0)
    const nTokens = firstRow + nText + 1
    let state = seed
    const data = Float32Array.from({ length: 2 * nTokens * audioContext }, () => {
      state = (state * 16807) % 2147483647
      return (contrast * state) / 2147483647
    })
    const spelled = words.map(({ text, n }) => ({ text, tokens: Array<number>(n).fill(0) }))
    return { spelled, nText, scores: { data, nHeads: 2, nTokens, audioContext }, firstRow, timing }
  })

test('every word lasts 20 ms, in order and inside its window, whatever the attention', () => {
  fc.assert(
    fc.property(alignment, ({ spelled, nText, scores, firstRow, timing }) => {
      const { startSeconds, nPositions } = timing
      const words = timeWords(spelled, Array(nText).fill(0.5), scores, firstRow, timing)
      // More words than positions share the window.
      const least = Math.min(POSITION, (nPositions * POSITION) / words.length)
      let earliest = startSeconds
      for (const { start, end } of words) {
        assert.ok(start >= earliest - ROUNDING, `a word at ${start} begins before ${earliest}`)
        assert.ok(end - start >= least - ROUNDING, `a word lasts ${end - start} s`)
        earliest = end
      }
      assert.ok(earliest <= startSeconds + nPositions * POSITION + ROUNDING, `the last word ends at ${earliest}`)
    }),
  )
})

test('words that are in order and long enough keep their times', () => {
  const good = [
    { start: 0, end: 0.3 },
    { start: 0.3, end: 0.32 },
    { start: 1, end: 2 },
  ]
  assert.deepEqual(lasting(good, { start: 0, end: 2 }), good)
})

test('a word without length takes it from its neighbours, and the others stay where they are', () => {
  const words = [
    { start: 0, end: 1 },
    { start: 1, end: 1 },
    { start: 1, end: 1.5 },
    { start: 1.5, end: 2 },
    { start: 2, end: 2 },
  ]
  assert.deepEqual(lasting(words, { start: 0, end: 2 }), [
    { start: 0, end: 1 },
    { start: 1, end: 1.02 },
    { start: 1.02, end: 1.5 },
    { start: 1.5, end: 1.98 },
    { start: 1.98, end: 2 },
  ])
})

/** One token for each word; the attention stays with each for so many positions. */
function timesOf(
  words: readonly (readonly [text: string, nPositions: number])[],
  speech: WindowTiming['speech'] = [],
): [string, number, number][] {
  const audioContext = words.reduce((sum, [, n]) => sum + n, 0) + 10
  const nTokens = words.length + 2
  const data = new Float32Array(nTokens * audioContext)
  let place = 0
  for (const [row, [, n]] of [...words, ['', 10] as const].entries()) {
    data.fill(9, row * audioContext + place, row * audioContext + place + n)
    place += n
  }
  const scores = { data, nHeads: 1, nTokens, audioContext }
  const spelled = words.map(([text]) => ({ text, tokens: [0] }))
  const timing = { startSeconds: 0, nPositions: audioContext, speech, areCandidates: false }
  const timed = timeWords(
    spelled,
    words.map(() => 1),
    scores,
    0,
    timing,
  )
  return timed.map(({ word, start, end }) => [word.trim(), Math.round(start * 10) / 10, Math.round(end * 10) / 10])
}

test('a long word gives its time to the pause at a sentence’s end, and not behind an abbreviation', () => {
  const around = (word: string, next: string) =>
    timesOf([
      [' e', 15],
      [' o', 15],
      [word, 100],
      [next, 15],
      [' diz', 15],
    ])
  assert.deepEqual(around(' fim.', ' Depois')[2], ['fim.', 0.6, 1.2])
  assert.deepEqual(around(' Sr.', ' Silva')[2], ['Sr.', 0.6, 2.6])
  assert.deepEqual(around(' U.S.', ' President')[2], ['U.S.', 0.6, 1.2], 'a pause decides that a sentence ends here')
})

test('the pauses around a word are not of it, as far as speech detection knows them', () => {
  const words = [
    [' And', 40],
    [' so', 20],
    [' on', 60],
  ] as const
  const speech = [
    { start: 0.5, end: 1.2 },
    { start: 1.8, end: 2 },
  ]
  assert.deepEqual(timesOf(words, speech), [
    ['And', 0.4, 0.8],
    ['so', 0.8, 1.2],
    ['on', 1.7, 2.1],
  ])
  assert.deepEqual(timesOf(words)[0], ['And', 0, 0.8])
})
