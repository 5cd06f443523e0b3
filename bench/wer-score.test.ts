import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clip } from './speech-set.ts'
import { scoreRun } from './wer-score.ts'

const clip = (id: string, rest: Partial<Clip>): Clip => ({
  id,
  path: id,
  language: 'en',
  seconds: 5,
  text: '',
  group: 'short',
  ...rest,
})

const answer = (id: string, text: string, error?: string) => ({ id, text, seconds: 1, ...(error && { error }) })

test('the total weighs words, and leaves out languages that are scored by characters', () => {
  const clips = [
    clip('a', { text: 'one two three four' }),
    clip('b', { text: 'Sim.', language: 'pt', group: 'long' }),
    clip('c', { text: '電球が', language: 'ja' }),
  ]
  const score = scoreRun([answer('a', 'One, two, three, 4!'), answer('b', 'não'), answer('c', '電気が')], clips, false)
  assert.equal(score.wer, 1 / 5)
  assert.equal(score.werShort, 0)
  assert.equal(score.werLong, 1)
  assert.deepEqual(Object.fromEntries(score.byLanguage), { en: 0, ja: 1 / 3, pt: 1 })
})

test('words over silence are counted, in any script, and are no part of the rates', () => {
  const clips = [clip('s', { group: 'silent', language: 'zxx' }), clip('t', { group: 'silent', language: 'zxx' })]
  const score = scoreRun([answer('s', 'Thank you.'), answer('t', ' … ')], clips, false)
  assert.equal(score.nInvented, 2)
  assert.deepEqual(score.invented, ['s'])
  assert.equal(score.wer, undefined)
})

test('a phrase said more than four times is a loop, unless the speaker says it as often', () => {
  const litany = 'ora pro nobis semper '.repeat(5)
  const clips = [
    clip('calm', { text: 'ora' }),
    clip('litany', { text: litany }),
    clip('unknown', { group: 'untranscribed' }),
  ]
  const answers = clips.map(({ id }) => answer(id, litany))
  assert.deepEqual(scoreRun(answers, clips, false).loops, ['calm', 'unknown'])
})

test('a clip that failed is all deletions, and named', () => {
  const score = scoreRun([answer('a', '', 'EngineCrashedError')], [clip('a', { text: 'one two' })], false)
  assert.equal(score.wer, 1)
  assert.deepEqual(score.failures, ['a'])
})

test('re-encodings of other clips count only when asked for', () => {
  const clips = [clip('a', { text: 'yes' }), clip('a--mp3', { text: 'yes', group: 'container' })]
  const answers = [answer('a', 'yes'), answer('a--mp3', 'no')]
  assert.equal(scoreRun(answers, clips, false).wer, 0)
  assert.equal(scoreRun(answers, clips, true).wer, 0.5)
})
