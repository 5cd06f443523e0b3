/**
 * Our compiled graphs and our decoder against numbers of the reference implementation (PyTorch and transformers, in
 * float32), for each family: Whisper, English-only Whisper, a distilled shape, LiteASR.
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { compile, DECODER_FILE, ENCODER_FILE } from '../../src/compiler/index.ts'
import { type DecodedWindow, decodeBySteps, detectLanguage, type Prompt } from '../../src/whisper/index.ts'
import { GREEDY } from '../helpers/builders/greedy-options.ts'
import { realForm, realFormsMissing } from '../helpers/data/real-forms.ts'
import { baseFolder, type RealModel, tinyEnFolder } from '../helpers/data/real-models.ts'
import { type Reference, type ReferenceClip, readReference, speechFile } from '../helpers/data/reference.ts'
import { RecordingDecoder } from '../helpers/fakes/recording-decoder.ts'
import { type ExposedFeatures, openExposed, textOf } from '../helpers/rigs/exposed-model.ts'
import { skipped } from '../helpers/skip.ts'

const TOLERANCE = { logMel: 1e-4, encoder: 1e-3, logits: 1e-3, probability: 1e-4 }

interface ReferenceModel extends RealModel {
  readonly processorFolder?: string
}

/** What runs → whose numbers it must have. */
const MODELS: readonly (readonly [what: string, reference: string, () => ReferenceModel | Promise<ReferenceModel>])[] =
  [
    ['whisper-base', 'whisper-base', baseFolder],
    ['whisper-tiny.en', 'whisper-tiny.en', tinyEnFolder],
    ['freds0 in its real form', 'distil-shape-base', () => asItStands('freds0')],
    ['lite_asr in its real form', 'lite-whisper-base', () => asItStands('lite_asr')],
  ]

const isAbsent = !MODELS.some(([, reference]) => readReference(reference))
const noReference = isAbsent && skipped('data', 'the reference numbers in ../shared/reference are absent')

describe('numbers of the reference implementation', { skip: noReference }, async () => {
  for (const [what, referenceName, folderOf] of MODELS) {
    const reference = readReference(referenceName)
    const { folder, skip, processorFolder } = await folderOf()
    const none = reference === undefined && skipped('data', `the reference numbers of ${referenceName} are absent`)
    describe(`${what} equals the reference`, { skip: none || skip }, () => {
      if (reference) compareAll(reference, folder, processorFolder)
    })
  }
})

async function asItStands(name: 'freds0' | 'lite_asr'): Promise<ReferenceModel> {
  const skip = realFormsMissing()
  if (skip) return { folder: '', skip }
  const folder = await realForm(name)
  return name === 'freds0' ? { folder, skip } : { folder, skip, processorFolder: await realForm('processor') }
}

function compareAll(reference: Reference, folder: string, processorFolder: string | undefined): void {
  let compiled: string
  let model: Awaited<ReturnType<typeof openExposed>>

  before(async () => {
    compiled = mkdtempSync(join(tmpdir(), 'paradox-reference-'))
    using checkpoint = await openCheckpoint(folder, { processorFolder })
    compile(checkpoint, compiled, { exposeIntermediates: true })
    model = await openExposed(checkpoint, join(compiled, ENCODER_FILE), join(compiled, DECODER_FILE))
  })
  after(async () => {
    await model?.[Symbol.asyncDispose]()
    rmSync(compiled, { recursive: true, force: true })
  })

  for (const clip of reference.clips) {
    test(clip.id, async (t) => {
      const features = await model.encode(firstWindow(clip))
      if (hasSameSamples(clip)) compareMelAndEncoder(t, reference, clip, features)

      if (clip.greedy.language_detected !== undefined) {
        using first = model.start(features)
        compareLanguages(clip, await detectLanguage(textOf(first), model.generation, undefined))
      }
      using batch = model.start(features)
      const recorded = new RecordingDecoder(textOf(batch))
      const prompt: Prompt = {
        language: clip.greedy.language_detected ?? 'en',
        task: 'transcribe',
        withTimestamps: false,
        previous: [],
        prefix: [],
      }
      const window = await decodeBySteps(recorded, model, prompt, GREEDY)
      compareText(t, clip, window, recorded)
    })
  }
}

/**
 * No two Opus decoders give the same samples, and the reference's is not at hand; where the input differs the numbers
 * do too, so there the tokens and the text must be equal and nothing else.
 */
function hasSameSamples(clip: ReferenceClip): boolean {
  return !clip.file.endsWith('.ogg')
}

type TestContext = { diagnostic(message: string): void }

function compareMelAndEncoder(
  t: TestContext,
  reference: Reference,
  clip: ReferenceClip,
  features: ExposedFeatures,
): void {
  const nFrames = features.audioContext * 2
  const melError = largest(
    reference.mel_rows.flatMap((row, i) =>
      reference.mel_cols.map((col, j) => features.logMel[row * nFrames + col]! - clip.log_mel.samples[i]![j]!),
    ),
  )
  const dModel = features.audioFeatures.length / features.audioContext
  const encoderError = largest(
    reference.encoder_rows.flatMap((row, i) =>
      reference.encoder_dims.map((dim, j) => {
        const column = dim < 0 ? dModel + dim : dim
        return features.audioFeatures[row * dModel + column]! - clip.encoder.samples[i]![j]!
      }),
    ),
  )
  t.diagnostic(`largest difference: log-mel ${melError.toExponential(1)}, encoder ${encoderError.toExponential(1)}`)
  assert.ok(melError <= TOLERANCE.logMel, `log-mel differs by ${melError}`)
  assert.ok(encoderError <= TOLERANCE.encoder * clip.encoder.std, `encoder differs by ${encoderError}`)
}

function compareLanguages(clip: ReferenceClip, probabilities: ReadonlyMap<string, number>): void {
  const [likeliest] = [...probabilities].sort((a, b) => b[1] - a[1])
  assert.equal(likeliest![0], clip.greedy.language_detected)
  if (!hasSameSamples(clip)) return
  for (const [language, expected] of clip.greedy.language_probs_top5 ?? []) {
    assert.ok(Math.abs(probabilities.get(language)! - expected) <= TOLERANCE.probability, language)
  }
}

function compareText(t: TestContext, clip: ReferenceClip, window: DecodedWindow, recorded: RecordingDecoder): void {
  const { greedy } = clip
  assert.deepEqual(recorded.fed.slice(0, greedy.prompt.length), greedy.prompt)
  assert.deepEqual(window.tokens, greedy.tokens)
  assert.equal(window.text, greedy.text)
  assert.equal(window.ended, greedy.ended_with_eot ? 'eot' : 'length')

  if (!hasSameSamples(clip)) return
  const chosen = recorded.logits // each step chose one token
  assert.equal(chosen.length, greedy.chosen_raw_logits.length)
  const eot = window.ended === 'eot' ? greedy.tokens.length : -1
  const errors = greedy.chosen_raw_logits.map((expected, step) => {
    const logits = chosen[step]!
    // Ids of tokens are known but for eot, whose id is the one the text's tokens stop below.
    return step === eot ? 0 : logits[greedy.tokens[step]!]! - expected
  })
  const firstErrors = greedy.first_step_raw_logits_top10.map(([token, expected]) => chosen[0]![token]! - expected)
  const logitError = largest([...errors, ...firstErrors])
  t.diagnostic(`largest difference of ${errors.length} steps' logits: ${logitError.toExponential(1)}`)
  assert.ok(logitError <= TOLERANCE.logits, `logits differ by ${logitError}`)
  assert.ok(Math.abs(window.avgLogprob - greedy.avg_logprob) <= TOLERANCE.logits)
  assert.ok(Math.abs(window.noSpeechProb - greedy.no_speech_prob) <= TOLERANCE.probability)
}

/**
 * The clip's first 30 s as the reference read them: librosa resamples by soxr, our service by ffmpeg's own resampler,
 * which differs by more than the tolerance and is not what is compared here.
 */
function firstWindow(clip: ReferenceClip): Float32Array {
  const input = ['-v', 'error', '-i', speechFile(clip.file), '-af', 'aresample=resampler=soxr']
  const bytes = execFileSync('ffmpeg', [...input, '-ac', '1', '-ar', '16000', '-f', 'f32le', 'pipe:1'], {
    maxBuffer: 2 ** 28,
  })
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  assert.equal(samples.length, clip.samples, 'the clip has another length than the reference saw')
  const window = new Float32Array(480_000)
  window.set(samples.subarray(0, window.length))
  return window
}

function largest(differences: readonly number[]): number {
  return Math.max(...differences.map(Math.abs))
}
