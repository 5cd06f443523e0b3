/** `paradox models verify` on real weights and real speech: what is as good passes, what is worse is found. */

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { TempFolder } from '../helpers/data/audio-files.ts'
import { layOutSample, noSample } from '../helpers/data/english-sample.ts'
import { baseFolder, hurtBy8BitsFolder } from '../helpers/data/real-models.ts'
import { anyRecordings, type Recording } from '../helpers/data/recordings.ts'
import { spoken } from '../helpers/data/spoken.ts'
import { type Ended, paradox } from '../helpers/rigs/command-line.ts'
import { skipped } from '../helpers/skip.ts'

interface Report {
  readonly isWithinLimits: boolean
  readonly runs: readonly {
    readonly name: string
    readonly encoderFormat: string
    readonly decoderFormat: string
    readonly rtf: number
    readonly wordErrorRate: number
    readonly recordings: readonly { readonly file: string; readonly text: string; readonly wordErrorRate: number }[]
  }[]
  readonly findings: readonly {
    readonly aspect: string
    readonly exact: string
    readonly isWithinLimits: boolean
    readonly set: string | null
    readonly words: number
    readonly differing: number
    readonly avgLogprobChange: number
    readonly recordings: readonly { readonly isJudged: boolean; readonly differences: readonly object[] }[]
  }[]
}

const root = new TempFolder()
after(() => root[Symbol.dispose]())

if (!noSample) {
  layOutSample(root.file('cache'))
  layOutSample(root.file('short'), 1)
}
/** A cache in which the sample is one sentence. */
const SHORT = { PARADOX_CACHE_DIR: root.file('short') }

const base = baseFolder()
const { recordings, absent } = anyRecordings()
const french = recordings.find(({ id }) => id === 'soniqo-fleurs-fr')
const noFrench = french === undefined && skipped('data', 'the French recording of ../shared/speech is absent')

function verify(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const given = { PARADOX_CACHE_DIR: root.file('cache'), DEVICE: 'cpu', ...env }
  return paradox(['models', 'verify', ...args], { cwd: root.path, env: given })
}

const reportOf = ({ stdout }: Ended) => JSON.parse(stdout) as Report

/** Copies a recording next to the command; its text, as it was published, beside it. */
function place(recording: Recording | undefined, name: string): void {
  assert.ok(recording?.text, `the recording for ${name} is not in the manifest, or has no text`)
  mkdirSync(root.path, { recursive: true })
  copyFileSync(recording.path, root.file(`${name}.wav`))
  writeFileSync(root.file(`${name}.txt`), recording.text)
}

test('Whisper base passes on the sample and on a recording with its text', { skip: base.skip || absent }, async () => {
  place(
    recordings.find(({ path }) => path === spoken.english.path),
    'speech',
  )
  const ended = await verify(['--json', '--language', 'en', base.folder, 'speech.wav'], { DTYPE: 'decoder=blocks8' })
  assert.equal(ended.code, 0, ended.stderr)
  const { isWithinLimits, runs, findings } = reportOf(ended)
  assert.equal(isWithinLimits, true)
  assert.deepEqual(
    runs.map(({ name, decoderFormat }) => [name, decoderFormat]),
    [
      ['as set', 'blocks8'],
      ['float32', 'float32'],
      ['full context', 'blocks8'],
    ],
  )
  for (const { recordings, rtf } of runs) {
    assert.match(recordings[0]!.text, /leisure to consider how much there might be prudently in his power/)
    assert.match(recordings.at(-1)!.text, spoken.english.said)
    assert.ok(recordings.every(({ wordErrorRate }) => wordErrorRate < 0.1))
    assert.ok(rtf > 0)
  }
  for (const { set, words, recordings } of findings) {
    assert.equal(set, null)
    assert.ok(words > 60)
    assert.ok(recordings.length === 4 && recordings.every(({ isJudged }) => isJudged))
  }
})

test('8 bits that ruin a model are found, and what is then to be set is as good as float32', {
  skip: base.skip || noSample,
}, async () => {
  const { folder } = await hurtBy8BitsFolder()
  const worse = await verify([folder], { ...SHORT, DTYPE: 'encoder=float32,decoder=blocks8' })
  assert.equal(worse.code, 1, worse.stderr)
  assert.match(
    worse.stdout,
    /\nPrecision: worse than float32: its word error rate is \d+\.\d points higher .*\nSet DTYPE=float32\.\n/,
  )

  const byPart = reportOf(await verify(['--json', folder], { ...SHORT, DTYPE: 'int8' }))
  const [precision] = byPart.findings
  assert.deepEqual([byPart.isWithinLimits, precision!.isWithinLimits], [false, false])
  // A processor without 8-bit dot products has something to find in the encoder too.
  const advised = /^DTYPE=(encoder=smoothed8,decoder=float32|float32)$/.exec(precision!.set ?? '')?.[1]
  assert.ok(advised, `${precision!.set}`)
  const followed = await verify([folder], { ...SHORT, DTYPE: advised })
  assert.match(followed.stdout, /\nPrecision: (within the limits|float32 already.*)\.\n/)
})

test('an audio context that makes the model less sure is found, where no loss is allowed', {
  skip: base.skip || noFrench,
}, async () => {
  place(french, 'ski')
  const args = ['--language', 'fr', '--max-logprob-drop', '0', base.folder, 'ski.wav']
  const { stdout, code } = await verify(args, { DTYPE: 'float32' })
  assert.equal(code, 1)
  assert.match(
    stdout,
    /\nAudio context: worse than full context: .*its average log-probability is \d\.\d\d lower .*\nSet AUDIO_CONTEXT=full\.\n/,
  )
  const followed = await verify(args, { DTYPE: 'float32', AUDIO_CONTEXT: 'full' })
  assert.equal(followed.code, 0)
})
