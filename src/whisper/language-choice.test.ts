import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseLanguage, isDecided, isTooShortToTell, languageVotes, mainLanguage } from './language-choice.ts'
import { DEFAULTS } from './options.ts'

/** Seconds of speech in which `language` is heard with `probability`, and something else with the rest. */
function heard(seconds: number, language: string, probability = 1) {
  return {
    seconds,
    probabilities: new Map([
      [language, probability],
      ['la', 1 - probability],
    ]),
  }
}

test('each window votes by its seconds of speech', () => {
  assert.equal(chooseLanguage([heard(0.8, 'en', 0.95), heard(3, 'pt', 0.9)]).language, 'pt')
  assert.equal(chooseLanguage([heard(0.8, 'en'), heard(0.8, 'en'), heard(3, 'pt')]).language, 'pt')
  assert.equal(chooseLanguage([heard(4, 'pt'), heard(3, 'en')]).language, 'pt')
  const { probability } = chooseLanguage([heard(1, 'en'), heard(3, 'pt', 0.8)])
  assert.ok(Math.abs(probability - 0.6) < 1e-9, String(probability))
})

test('a vote is decided as soon as the rest of ten seconds could not change it', () => {
  const isOver = (...windows: ReturnType<typeof heard>[]) => isDecided(windows, DEFAULTS)
  assert.ok(!isOver(heard(0.5, 'en')))
  assert.ok(!isOver(heard(3.7, 'en')))
  assert.ok(isOver(heard(5.1, 'en')))
  assert.ok(!isOver(heard(5.1, 'en', 0.7)))
  assert.ok(isOver(heard(10, 'en', 0.7)))
  assert.ok(!isOver(heard(3.7, 'en'), heard(4, 'pt')))
  assert.ok(isOver(heard(3.7, 'en'), heard(10, 'pt')))
})

test('it goes on where nothing is likely enough, up to the windows that it may listen to', () => {
  const probabilities = new Map([0.4, 0.3, 0.3].map((probability, i) => [`l${i}`, probability]))
  const unsure = (n: number) => Array.from({ length: n }, () => ({ seconds: 20, probabilities }))
  assert.ok(!isDecided(unsure(7), DEFAULTS))
  assert.ok(isDecided(unsure(8), DEFAULTS))
  assert.ok(isDecided([heard(0.5, 'en', 0.4)], { ...DEFAULTS, languageDetectionSegments: 1 }))
  assert.ok(isDecided(unsure(1), { ...DEFAULTS, languageDetectionThreshold: 0.3 }))
})

test('votes are told with their share, the likeliest first, and without what is hardly possible', () => {
  assert.deepEqual(languageVotes([heard(1, 'en', 0.995), heard(1, 'pt', 0.995)]), [
    ['en', 0.4975],
    ['pt', 0.4975],
  ])
  assert.deepEqual(languageVotes([]), [])
})

test('where the language changes, the main one is as probable as where it is spoken', () => {
  const { language, probability } = mainLanguage([heard(3, 'en'), heard(4, 'pt', 0.9), heard(3, 'de')])
  assert.deepEqual([language, probability], ['pt', 0.9])
})

test('less than a second of speech tells no language', () => {
  const window = (end: number) => ({ samples: new Float32Array(0), startSeconds: 0, speech: [{ start: 0.4, end }] })
  assert.ok(isTooShortToTell(window(0.9)))
  assert.ok(!isTooShortToTell(window(1.5)))
})
