import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../test/helpers/builders/transcriptions.ts'
import { toVerboseJson } from './verbose-json.ts'

test('a transcription is told in full under the names of the field', () => {
  const transcription = transcriptionOf(
    [
      {
        start: 1.0049,
        end: 2.3999999,
        text: ' Olá.',
        tokens: [50364, 12],
        temperature: 0.2,
        avgLogprob: -0.31,
        compressionRatio: 1.1,
        noSpeechProb: 0.02,
        quality: 'low_confidence',
        retries: 1,
        words: [{ start: 1.1, end: 2.3999999, word: ' Olá.', probability: 0.71 }],
      },
    ],
    {
      languageProbability: 0.98,
      durationSeconds: 3.00006,
      warnings: ['The language was detected on one second of speech.'],
      statistics: {
        windows: 2,
        removedSeconds: 0.60049,
        contextRepeats: 3,
        temperatureRetries: 4,
        coverageRetries: 5,
        languageVotes: [
          ['pt', 0.98],
          ['gl', 0.01],
        ],
      },
    },
  )

  assert.deepEqual(toVerboseJson(transcription), {
    task: 'transcribe',
    language: 'portuguese',
    language_probability: 0.98,
    duration: 3,
    text: 'Olá.',
    words: [{ word: 'Olá.', start: 1.1, end: 2.4, probability: 0.71 }],
    segments: [
      {
        id: 0,
        seek: 100,
        start: 1.005,
        end: 2.4,
        text: ' Olá.',
        tokens: [50364, 12],
        temperature: 0.2,
        avg_logprob: -0.31,
        compression_ratio: 1.1,
        no_speech_prob: 0.02,
        language: 'portuguese',
        quality: 'low_confidence',
        retries: 1,
      },
    ],
    warnings: ['The language was detected on one second of speech.'],
    statistics: {
      windows: 2,
      removed_seconds: 0.6,
      context_repeats: 3,
      temperature_retries: 4,
      coverage_retries: 5,
      language_votes: [
        { language: 'portuguese', probability: 0.98 },
        { language: 'galician', probability: 0.01 },
      ],
    },
  })
})

test('what was not asked for is absent, not null', () => {
  const keys = Object.keys(toVerboseJson(transcriptionOf([{ text: ' Olá.' }])))

  assert.ok(!keys.includes('words'))
  assert.ok(!keys.includes('language_probability'))
})

test('the words of all segments stand in one list', () => {
  const { words } = toVerboseJson(transcriptionOf([spokenSegment(' um dois'), spokenSegment(' três', 1)]))

  assert.deepEqual(
    words?.map(({ word }) => word),
    ['um', 'dois', 'três'],
  )
})
