import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../../test/helpers/builders/transcriptions.ts'
import { avgLogprobOf, compare, heardOf, together } from './comparison.ts'

const heard = (text: string, { language = 'en', avgLogprob = -0.2, nTokens = 4 } = {}) => ({
  ...{ text, language, nTokens },
  sumLogprob: nTokens * avgLogprob,
})

test('words that differ are counted and named, as the approximation has them, in whole stretches', () => {
  const { nWords, nDiffering, differences } = compare(
    heard('The bat sat there on the mat today.'),
    heard('The cat sat on, the mat…'),
    undefined,
  )
  assert.deepEqual([nWords, nDiffering], [8, 3])
  assert.deepEqual(differences, [
    { exact: 'cat', approximate: 'bat' },
    { exact: '', approximate: 'there' },
    { exact: '', approximate: 'today' },
  ])
  assert.deepEqual(compare(heard('a x y b'), heard('a p q b'), undefined).differences, [
    { exact: 'p q', approximate: 'x y' },
  ])
})

test('case and punctuation are no difference', () => {
  assert.equal(compare(heard('Ask NOT what, country!'), heard('ask not: what country'), undefined).nDiffering, 0)
})

test('languages without spaces are compared by characters', () => {
  const { nWords, nDiffering, differences } = compare(
    heard('今日は雨です', { language: 'ja' }),
    heard('今日は晴です。', { language: 'ja' }),
    undefined,
  )
  assert.deepEqual([nWords, nDiffering, differences], [6, 1, [{ exact: '晴', approximate: '雨' }]])
})

test('both texts are held against what was said, where that is known', () => {
  const { errors } = compare(heard('one too three'), heard('one two three four'), 'One, two, three.')
  assert.equal(errors?.approximate.substitutions, 1)
  assert.equal(errors?.exact.insertions, 1)
  assert.equal(compare(heard('a'), heard('a'), undefined).errors, undefined)
})

test('silence in both is no difference, and has no log-probability', () => {
  const { nWords, nDiffering, exact } = compare(heard('', { nTokens: 0 }), heard('', { nTokens: 0 }), undefined)
  assert.deepEqual([nWords, nDiffering, avgLogprobOf(exact)], [0, 0, undefined])
})

test('together, each recording weighs by its words and tokens, and errors are those whose text is known', () => {
  const all = together([
    compare(heard('a b', { nTokens: 2, avgLogprob: -1 }), heard('a c', { nTokens: 2 }), undefined),
    compare(heard('d e f', { nTokens: 6, avgLogprob: -0.2 }), heard('d e f', { nTokens: 6 }), 'd e g'),
  ])
  assert.deepEqual([all.nWords, all.nDiffering, all.differences.length], [5, 1, 1])
  assert.equal(all.errors?.exact.total, 3)
  assert.ok(Math.abs(avgLogprobOf(all.approximate)! - (2 * -1 + 6 * -0.2) / 8) < 1e-9)
  assert.equal(together([]).errors, undefined)
})

test('tokens of a transcription have the log-probability of their window', () => {
  const { nTokens, sumLogprob, text } = heardOf(
    transcriptionOf([
      { ...spokenSegment(' one two'), tokens: [1, 2, 3], avgLogprob: -0.1 },
      { ...spokenSegment(' three', 3), tokens: [4], avgLogprob: -0.5 },
    ]),
  )
  assert.equal(nTokens, 4)
  assert.ok(Math.abs(sumLogprob - -0.8) < 1e-9)
  assert.equal(text, 'one two three')
})
