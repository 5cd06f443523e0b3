import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../config.ts'
import { findingOf, isWithinLimits, nothingToCompare, type Verification } from './findings.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { VerifiedRecording } from './recordings.ts'
import { jsonReport, textReport } from './report.ts'
import type { VariantRun } from './run-variant.ts'
import { asSet, type Variant } from './variants.ts'

const SAID = 'he was not an ill disposed young man'
const sample: VerifiedRecording = recordingOf('sample a.ogg', { said: SAID, isSample: true })
const talk = recordingOf('talk.wav', {})
const withText = recordingOf('clip.wav', { said: 'one two three four five six seven eight nine ten' })

function recordingOf(name: string, other: Partial<VerifiedRecording>): VerifiedRecording {
  return { name, path: `/${name}`, language: 'en', said: undefined, isSample: false, durationSeconds: 4, ...other }
}

const variant = asSet({ dtype: 'auto', audioContext: 'adaptive' })
const float32: Variant = { ...variant, name: 'float32', dtype: 'float32' }

function run(which: Variant, texts: readonly (readonly [VerifiedRecording, string])[]): VariantRun {
  const heard = texts.map(([recording, text]) => {
    const nTokens = text === '' ? 0 : text.split(' ').length
    const words = { text, language: 'en', nTokens, sumLogprob: -0.25 * nTokens }
    return [recording, { ...words, audioSeconds: 4, seconds: 0.5 }] as const
  })
  const formats = { encoder: 'smoothed8', decoder: 'blocks8' }
  return { variant: which, formats, loadSeconds: 1, peakBytes: 5e8, heard: new Map(heard) }
}

function verification(runs: readonly VariantRun[], change: Partial<Verification> = {}): Verification {
  return {
    entry: {
      id: 'base',
      origin: { kind: 'whisper-base' },
      strategy: 'whisper',
      language: undefined,
      tokenizer: undefined,
    },
    config: readConfig({ THREADS: '2' }),
    limits: DEFAULT_LIMITS,
    recordings: [...runs[0]!.heard.keys()],
    runs,
    findings: [findingOf('precision', runs[0]!, runs[1]!, DEFAULT_LIMITS), nothingToCompare('audio context')],
    ...change,
  }
}

const lastLines = (text: string, n: number) => text.trimEnd().split('\n').slice(-n)

test('equal texts are within the limits', () => {
  const found = verification([run(variant, [[sample, SAID]]), run(float32, [[sample, SAID]])])
  assert.ok(isWithinLimits(found))
  assert.deepEqual(lastLines(textReport(found), 2), [
    'Precision: within the limits.',
    'Audio context: full already, so there is nothing to compare.',
  ])
})

test('a sample of which the exact model gets most words wrong tells nothing; other recordings still do', () => {
  const garbage = 'isto aqui é outra coisa e nada mais'
  const runs = [
    run(variant, [
      [sample, 'mas tudo muda'],
      [talk, 'a b c d'],
    ]),
    run(float32, [
      [sample, garbage],
      [talk, 'a b c d'],
    ]),
  ]
  const both = verification(runs)
  assert.deepEqual(both.findings[0]!.judged, [talk])
  assert.ok(isWithinLimits(both))
  assert.match(
    textReport(both),
    /\nThe sample is not judged: it is English, and with float32 more than half of it is wrong\.\n$/,
  )

  const alone = verification([run(variant, [[sample, 'mas tudo muda']]), run(float32, [[sample, garbage]])])
  assert.equal(isWithinLimits(alone), false)
  assert.match(textReport(alone), /\nPrecision: not known\.\n/)
  assert.match(textReport(alone), /\nName recordings of speech in a language of base\.\n$/)
})

test('silence in both tells nothing, unless somebody wrote down that nothing is said', () => {
  const silent = [run(variant, [[talk, '']]), run(float32, [[talk, '']])]
  assert.equal(isWithinLimits(verification(silent)), false)
  const known = recordingOf('silence.wav', { said: '' })
  assert.ok(isWithinLimits(verification([run(variant, [[known, '']]), run(float32, [[known, '']])])))
})

test('what is worse is told with what to set, and every word that differs', () => {
  const runs = [run(variant, [[talk, 'a b x y e f g h i j']]), run(float32, [[talk, 'a b c d e f g h i j']])]
  const finding = findingOf('precision', runs[0]!, runs[1]!, DEFAULT_LIMITS)
  const worse = verification(runs, { findings: [{ ...finding, setting: 'DTYPE=float32' }] })
  assert.equal(isWithinLimits(worse), false)
  const text = textReport(worse)
  assert.match(text, /\nfloat32 → as set\n {2}talk\.wav: c d → x y\n/)
  assert.deepEqual(lastLines(text, 2), [
    'Precision: worse than float32: 20.0 % of the words differ (the limit is 10 %).',
    'Set DTYPE=float32.',
  ])
  const json = JSON.parse(jsonReport(worse))
  assert.equal(json.isWithinLimits, false)
  assert.deepEqual([json.findings[0].set, json.findings[0].words, json.findings[0].differing], ['DTYPE=float32', 10, 2])
  assert.deepEqual(json.findings[0].recordings[0].differences, [{ exact: 'c d', approximate: 'x y' }])
})

test('every recording has its figures in every run, and so have all together', () => {
  const ten = 'one two three four five six seven eight nine ten'
  const runs = [
    run(variant, [
      [sample, SAID],
      [withText, ten.replace('one', 'won')],
    ]),
    run(float32, [
      [sample, SAID],
      [withText, ten],
    ]),
  ]
  const text = textReport(verification(runs))
  const row = (...cells: string[]) => new RegExp(`^${cells.join(' +')}$`, 'm')
  assert.match(text, row('clip.wav', 'as set', '10.0 %', '-0.250', '0.50', '0.125'))
  assert.match(text, row('', 'float32', '1 of 10', '0.0 %', '-0.250', '0.50', '0.125'))
  assert.match(text, row('all', 'as set', '5.6 %', '-0.250', '1.00', '0.125', '500 MB'))
  const json = JSON.parse(jsonReport(verification(runs)))
  assert.equal(json.runs[0].recordings[1].wordErrorRate, 0.1)
  assert.equal(json.runs[0].peakResidentBytes, 5e8)
  assert.ok(Math.abs(json.findings[0].wordErrorRateChange - 1 / 18) < 1e-9)
})

test('a recording that failed in a run is in no comparison, and not all is well', () => {
  const runs = [
    run(variant, [
      [sample, SAID],
      [talk, 'a b'],
    ]),
    run(float32, [[sample, SAID]]),
  ]
  const found = verification(runs)
  assert.deepEqual([...found.findings[0]!.comparisons.keys()], [sample])
  assert.equal(isWithinLimits(found), false)
})

test('a name cannot write to the terminal by itself', () => {
  const evil = recordingOf('a\x1b[2J\n.wav', {})
  const text = textReport(verification([run(variant, [[evil, 'a b']]), run(float32, [[evil, 'a c']])]))
  assert.ok(!text.includes('\x1b') && text.includes('a?[2J\\n.wav'))
})
