import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generation, special } from '../../test/helpers/fakes/scripted-decoder.ts'
import { type FilterOptions, logitFilters } from './logit-filters.ts'

const { eot, timestampBegin } = generation
const options: FilterOptions = {
  suppressTokens: [-1],
  suppressBlank: true,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  withTimestamps: false,
  maxInitialTimestamp: 1,
}
const at = (seconds: number) => timestampBegin + Math.round(seconds / 0.02)

/** Logits after the filters, all of them 0 before. */
function after(
  said: readonly number[],
  changed: Partial<FilterOptions>,
  given: Record<number, number> = {},
): Float32Array {
  const logits = new Float32Array(51865)
  for (const [token, logit] of Object.entries(given)) logits[Number(token)] = logit
  for (const filter of logitFilters(generation, { ...options, ...changed })) filter(logits, said)
  return logits
}

const isAllowed = (logits: Float32Array, token: number) => logits[token]! > Number.NEGATIVE_INFINITY

test('special tokens are never said, whatever list is given, and -1 stands for the model’s own list', () => {
  for (const suppressTokens of [[-1], [], [7]]) {
    const logits = after([5], { suppressTokens })
    for (const name of ['startoftranscript', 'transcribe', 'translate', 'nospeech', 'startoflm', 'startofprev']) {
      assert.ok(!isAllowed(logits, special(name)), name)
    }
    assert.ok(isAllowed(logits, eot))
    assert.equal(isAllowed(logits, 1), !suppressTokens.includes(-1))
    assert.equal(isAllowed(logits, 7), !suppressTokens.includes(7))
  }
})

test('an empty text is impossible only at the beginning, and only while blanks are suppressed', () => {
  assert.ok(!isAllowed(after([], {}), eot))
  assert.ok(isAllowed(after([5], {}), eot))
  assert.ok(isAllowed(after([], { suppressBlank: false }), eot))
})

test('a repetition penalty makes said tokens less likely, whichever side of 0 their logits lie', () => {
  const logits = after([10, 11], { repetitionPenalty: 2 }, { 10: 4, 11: -4, 12: 4 })
  assert.deepEqual([logits[10], logits[11], logits[12]], [2, -8, 4])
})

test('no n-gram is said twice', () => {
  const logits = after([1000, 2000, 3000, 1000, 2000], { noRepeatNgramSize: 3 })
  assert.ok(!isAllowed(logits, 3000))
  assert.ok(isAllowed(logits, 4000))
  assert.ok(isAllowed(after([1000, 2000], { noRepeatNgramSize: 3 }), 1000))
})

test('with timestamps a text begins with one, of at most a second', () => {
  const logits = after([], { withTimestamps: true })
  assert.ok(!isAllowed(logits, 500))
  assert.ok(isAllowed(logits, at(0)))
  assert.ok(isAllowed(logits, at(1)))
  assert.ok(!isAllowed(logits, at(1.02)))
})

test('behind the timestamps lies text that was added, and what is never said', () => {
  const [text, unsaid] = [51865, 51866]
  const grown = { ...generation, addedText: new Set([text]), unsaid: [unsaid] }
  const after = (said: readonly number[], changed: Partial<FilterOptions>, given: Record<number, number> = {}) => {
    const logits = new Float32Array(51867)
    for (const [token, logit] of Object.entries(given)) logits[Number(token)] = logit
    for (const filter of logitFilters(grown, { ...options, ...changed })) filter(logits, said)
    return logits
  }
  for (const withTimestamps of [false, true]) {
    assert.ok(!isAllowed(after([at(0)], { withTimestamps, suppressTokens: [] }), unsaid))
    assert.ok(isAllowed(after([at(0)], { withTimestamps }, { [text]: 30 }), text))
  }
  const timed = { withTimestamps: true }
  assert.ok(!isAllowed(after([], timed, { [text]: 30 }), text), 'a text begins with a timestamp')
  assert.ok(!isAllowed(after([at(0), 500, at(2)], timed, { [text]: 30 }), text), 'a pair is completed')
  assert.ok(isAllowed(after([at(0), text], timed, { [text]: 30 }), text), 'it is no timestamp itself')
  assert.ok(isAllowed(after([at(0), text, at(2), at(2)], timed, { [text]: 30 }), text))
  assert.ok(!isAllowed(after([at(0), 500], timed), text), 'timestamps are together likelier')
})

test('timestamps come in pairs: after the first of a text only text, after an ending one only its partner or eot', () => {
  const afterFirst = after([at(0)], { withTimestamps: true })
  assert.ok(isAllowed(afterFirst, 500))
  assert.ok(!isAllowed(afterFirst, at(2)))

  const afterEnd = after([at(0), 500, at(2)], { withTimestamps: true })
  assert.ok(!isAllowed(afterEnd, 500))
  assert.ok(isAllowed(afterEnd, at(2)))
  assert.ok(!isAllowed(afterEnd, at(1)))
  const unsure = after([at(0), 500, at(2)], { withTimestamps: true }, { [eot]: 30 })
  assert.ok(isAllowed(unsure, eot))

  const afterPair = after([at(0), 500, at(2), at(2)], { withTimestamps: true })
  assert.ok(isAllowed(afterPair, 500))
  assert.ok(!isAllowed(afterPair, at(3)))
})

test('time never goes back, nor does it stand still within a segment', () => {
  const logits = after([at(4), 500], { withTimestamps: true }, { [at(4)]: 30, [at(3)]: 30, [at(5)]: 30 })
  assert.ok(!isAllowed(logits, at(3)))
  assert.ok(!isAllowed(logits, at(4)))
  assert.ok(isAllowed(logits, at(5)))
})

test('where all timestamps together are likelier than any word, a timestamp is said', () => {
  const tied = after([at(0), 500], { withTimestamps: true }, { 600: 3 })
  assert.ok(!isAllowed(tied, 600), '1500 timestamps of logit 0 outweigh one word of logit 3')
  const sure = after([at(0), 500], { withTimestamps: true }, { 600: 30 })
  assert.ok(isAllowed(sure, 600))
})
