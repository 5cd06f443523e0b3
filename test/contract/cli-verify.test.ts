/** `paradox models verify` from outside, with tiny random weights: what it compares, how it ends, what it leaves. */

import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { ENGLISH_RECORDING, layOutSample, noSample } from '../helpers/data/english-sample.ts'
import { descendants, isRunning } from '../helpers/judges/process-tree.ts'
import { paradox, startParadox } from '../helpers/rigs/command-line.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { until } from '../helpers/until.ts'

interface Report {
  readonly isWithinLimits: boolean
  readonly runs: readonly {
    readonly name: string
    readonly dtype: string
    readonly audioContext: string
    readonly encoderFormat: string
    readonly decoderFormat: string
    readonly peakResidentBytes: number
    readonly recordings: readonly { readonly file: string; readonly wordErrorRate: number | null }[]
  }[]
  readonly findings: readonly { readonly aspect: string; readonly exact: string | null; readonly set: string | null }[]
}

/** A user with a model that talks nonsense, and a recording of speech. */
function user(t: TestContext) {
  const cwd = tempFolder(t)
  writeRandomCheckpoint(join(cwd, 'model'), tinyShape())
  copyFileSync(ENGLISH_RECORDING, join(cwd, 'talk.wav'))
  const cacheDir = join(cwd, 'cache')
  layOutSample(cacheDir)
  return {
    cwd,
    verify: (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      paradox(['models', 'verify', ...args], {
        cwd,
        env: { THREADS: '1', DEVICE: 'cpu', PARADOX_CACHE_DIR: cacheDir, ...env },
      }),
  }
}

const EXACT = { DTYPE: 'float32', AUDIO_CONTEXT: 'full' }

test('a model that does not know the sample’s language is not judged by it', { skip: noSample }, async (t) => {
  const { verify } = user(t)
  const { stdout, code } = await verify(['./model'], { DTYPE: 'float32' })
  assert.equal(code, 1)
  assert.match(stdout, /^model, as set: DTYPE=float32 \(encoder float32, decoder float32\), AUDIO_CONTEXT=adaptive\n/)
  assert.match(stdout, /^sample 1 +as set .*\n +full context +\d+ of \d+ /m)
  assert.match(stdout, /^all +as set +\d+\.\d % +-\d+\.\d+ +\d+\.\d+ +\d+\.\d+ +\d+ MB$/m)
  assert.match(stdout, /\nPrecision: float32 already, so there is nothing to compare\.\nAudio context: not known\.\n/)
})

test('where nothing is approximated there is nothing to find', { skip: noSample }, async (t) => {
  const { verify } = user(t)
  const { stdout, stderr, code } = await verify(['--json', './model', 'talk.wav'], EXACT)
  assert.equal(code, 0, stderr)
  const { runs, findings, isWithinLimits } = JSON.parse(stdout) as Report
  assert.equal(isWithinLimits, true)
  assert.deepEqual(
    runs.map(({ name, dtype, audioContext }) => [name, dtype, audioContext]),
    [['as set', 'float32', 'full']],
  )
  assert.deepEqual(
    findings.map(({ aspect, exact }) => [aspect, exact]),
    [
      ['precision', null],
      ['audio context', null],
    ],
  )
  assert.deepEqual(
    runs[0]!.recordings.map(({ file, wordErrorRate }) => [file, wordErrorRate === null]),
    [
      ['sample 1', false],
      ['sample 2', false],
      ['sample 3', false],
      ['talk.wav', true],
    ],
  )
})

test('each run is the model with the settings that it names, in a process of its own', {
  skip: noSample,
}, async (t) => {
  const { verify, cwd } = user(t)
  writeFileSync(join(cwd, 'talk.txt'), 'He was not an ill-disposed young man.')
  const { stdout } = await verify(['--json', '--max-logprob-drop', '0', '--max-wer-rise', '0', './model', 'talk.wav'], {
    DTYPE: 'int8',
  })
  const { runs } = JSON.parse(stdout) as Report
  assert.deepEqual(
    runs
      .filter(({ name }) => ['as set', 'float32', 'full context'].includes(name))
      .map(({ encoderFormat, decoderFormat, audioContext }) => [encoderFormat, decoderFormat, audioContext]),
    [
      ['smoothed8', 'blocks8', 'adaptive'],
      ['float32', 'float32', 'adaptive'],
      ['smoothed8', 'blocks8', 'full'],
    ],
  )
  for (const { peakResidentBytes, recordings } of runs) {
    assert.ok(peakResidentBytes > 50e6)
    assert.equal(typeof recordings.at(-1)!.wordErrorRate, 'number', 'talk.txt lies beside')
  }
})

test('what is wrong is told before any model is loaded', { skip: noSample }, async (t) => {
  const { verify, cwd } = user(t)
  writeFileSync(join(cwd, 'text.mp3'), 'no recording '.repeat(1000))
  writeFileSync(join(cwd, 'talk.txt'), ' '.repeat(10_000_001))
  const told = async (args: readonly string[], code: number, stderr: RegExp) => {
    const ended = await verify(args)
    assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr)
    assert.match(ended.stderr, stderr)
  }
  await told(['nobody'], 2, /^paradox: Model 'nobody' is not known: choose one of: [^\n]+\n$/)
  await told(['./model', '-'], 2, /^paradox: Option file has the value '-'[^\n]+\n$/)
  await told(['--max-differing', 'few', './model'], 2, /^paradox: Option max_differing has the value 'few'[^\n]+\n$/)
  await told([], 2, /missing required argument 'id'/)
  await told(
    ['./model', 'nothing.wav', 'text.mp3', 'talk.wav', '.'],
    1,
    /^paradox: nothing\.wav: .+\nparadox: text\.mp3: .+\nparadox: talk\.wav: The text 'talk\.txt' beside it is larger than 10 MB: .+\nparadox: \.: .+ is a folder: .+\n$/,
  )
})

test('Ctrl-C ends the run and the model’s process', { skip: noSample }, async (t) => {
  const { cwd } = user(t)
  const { child, ended } = startParadox(['models', 'verify', './model', 'talk.wav'], { cwd, env: { THREADS: '1' } })
  const isEngine = (pid: number) => commandOf(pid).includes('engine/entry')
  await until(() => descendants(child.pid!).some(isEngine))
  const pids = descendants(child.pid!)
  child.kill('SIGINT')
  const { stdout, code } = await ended
  assert.deepEqual([stdout, code], ['', 130])
  await until(() => pids.every((pid) => !isRunning(pid)))
})

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it has just ended
  }
}

test('without a recording and without the sample there is nothing to verify on', async (t) => {
  const cwd = tempFolder(t)
  writeRandomCheckpoint(join(cwd, 'model'), tinyShape())
  const { code, stdout, stderr } = await paradox(['models', 'verify', './model'], { cwd })
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^paradox: There is nothing to verify the model on: [^\n]+\n$/)
})
