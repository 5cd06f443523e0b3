import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Comparison, compare } from './comparison.ts'
import { DEFAULT_LIMITS, judge, readLimits } from './limits.ts'

/** `n` words, of which the first `nWrong` are others. */
function words(n: number, nWrong = 0): string {
  return Array.from({ length: n }, (_, i) => (i < nWrong ? `x${i}` : `w${i}`)).join(' ')
}

function heard(text: string, avgLogprob = -0.2) {
  const nTokens = text === '' ? 0 : text.split(' ').length
  return { text, language: 'en', nTokens, sumLogprob: nTokens * avgLogprob }
}

const judged = (comparisons: readonly Comparison[]) => judge(comparisons, DEFAULT_LIMITS)

test('equal texts are within the limits, whatever is known of them', () => {
  const text = heard(words(100))
  assert.deepEqual(judged([compare(text, text, undefined), compare(text, text, words(100))]), [])
  assert.deepEqual(judged([compare(heard(''), heard(''), undefined)]), [])
  assert.deepEqual(judged([]), [])
})

test('where nothing is known of the text, the words that differ decide', () => {
  assert.deepEqual(judged([compare(heard(words(100, 10)), heard(words(100)), undefined)]), [])
  assert.deepEqual(judged([compare(heard(words(100, 11)), heard(words(100)), undefined)]), [
    '11.0 % of the words differ (the limit is 10 %)',
  ])
  assert.deepEqual(judged([compare(heard(words(4, 1)), heard(words(4)), undefined)]), [], 'one word is no measure')
})

test('where the text is known, its error rate decides, not how many words differ', () => {
  const said = words(200)
  assert.deepEqual(judged([compare(heard(words(200, 10)), heard(said), said)]), [
    'its word error rate is 5.0 points higher (the limit is 1)',
  ])
  // 30 words differ, and both texts have as many errors.
  const other = said.replaceAll(/w1\d\b/g, 'y').replaceAll(/w10\d\b/g, 'z')
  assert.deepEqual(judged([compare(heard(words(200, 10)), heard(other), said)]), [])
  assert.deepEqual(judged([compare(heard(said), heard(words(200, 50)), said)]), [], 'better is never worse')
})

test('a rise that chance explains is no rise: of n words that differ, 2√n may all be errors', () => {
  const said = words(100)
  assert.deepEqual(judged([compare(heard(words(100, 4)), heard(said), said)]), [])
  assert.equal(judged([compare(heard(words(100, 5)), heard(said), said)]).length, 1)
})

test('a model that is less sure of all it says is worse, though the words are the same', () => {
  const text = words(50)
  assert.deepEqual(judged([compare(heard(text, -0.24), heard(text, -0.2), text)]), [])
  assert.deepEqual(judged([compare(heard(text, -0.35), heard(text, -0.2), text)]), [
    'its average log-probability is 0.15 lower (the limit is 0.05)',
  ])
})

test('a text where nobody speaks is an error for each of its words', () => {
  assert.equal(judged([compare(heard(words(6)), heard(''), '')]).length, 1)
})

test('limits are read from flags, and what is no number is refused by its name', () => {
  assert.deepEqual(readLimits({}), DEFAULT_LIMITS)
  assert.deepEqual(readLimits({ maxDiffering: '0', maxWerRise: '2.5' }), {
    ...DEFAULT_LIMITS,
    ...{ maxDiffering: 0, maxWerRise: 2.5 },
  })
  assert.throws(() => readLimits({ maxLogprobDrop: 'little' }), { code: 'ASR_OPTION_INVALID' })
})
