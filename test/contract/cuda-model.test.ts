/**
 * The CUDA model on a tiny random checkpoint and the CPU: what it transcribes is what the model that takes steps
 * transcribes, also where memory is too short for all windows at once.
 */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { compile, GENERATE_FILE } from '../../src/compiler/index.ts'
import { openCpuBackend } from '../../src/inference/cpu/model.ts'
import { GenerateSession } from '../../src/inference/cuda/generate-session.ts'
import { CudaModel, type CudaModelParts, type OpenGenerateSession } from '../../src/inference/cuda/model.ts'
import { windowsWithin } from '../../src/inference/cuda/open.ts'
import { isOutOfMemory } from '../../src/inference/session.ts'
import { type CheckpointFacts, StepModel } from '../../src/inference/step-model.ts'
import type { Transcription } from '../../src/transcript/index.ts'
import { FRAME_SAMPLES } from '../../src/vad/index.ts'
import { type SpeechModel, sessionRequest, transcribeLongForm } from '../../src/whisper/index.ts'
import { type GivenOptions, parseOptions } from '../../src/whisper/options.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-cuda-model-'))
after(() => rmSync(root, { recursive: true, force: true }))

const SETTINGS = { device: 'cpu', threads: 1 } as const
const SHAPE = tinyShape({ encoderLayers: 1 })
/** Of 150 s, cut at quiet places. */
const WINDOWS = 7
const folder = join(root, 'compiled')
let facts: CheckpointFacts

before(async () => {
  writeRandomCheckpoint(join(root, 'checkpoint'), SHAPE, { scale: 2 })
  mkdirSync(folder)
  using checkpoint = await openCheckpoint(join(root, 'checkpoint'))
  compile(checkpoint, folder, { hasGenerate: true })
  const { config, generation, tokenizer } = checkpoint
  facts = { config, generation, tokenizer }
})

/** Has memory for so many windows at a time; says what was asked of it. */
async function limitedSession(mostWindows: number, batches: number[]): Promise<OpenGenerateSession> {
  const session = await GenerateSession.open(join(folder, GENERATE_FILE), SETTINGS)
  return {
    async generate(sound, windows) {
      batches.push(windows.length)
      if (windows.length > mostWindows) {
        throw new Error('Non-zero status code returned while running MatMul node. Failed to allocate memory for requested buffer of size 786432000') // biome-ignore format: as it is said
      }
      return await session.generate(sound, windows)
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

interface Opened extends AsyncDisposable {
  readonly model: CudaModel
  readonly batches: number[]
  readonly opened: { sessions: number; stepping: number }
}

async function open(parts: Partial<CudaModelParts> = {}, memory = 16): Promise<Opened> {
  const batches: number[] = []
  const opened = { sessions: 0, stepping: 0 }
  const model = await CudaModel.open(facts, {
    openSession: async () => {
      opened.sessions++
      return await limitedSession(memory, batches)
    },
    openStepModel: async () => {
      opened.stepping++
      return new StepModel(facts, await openCpuBackend(facts, folder, SETTINGS))
    },
    mostWindows: 16,
    isOutOfMemory,
    ...parts,
  })
  return { model, batches, opened, [Symbol.asyncDispose]: () => model[Symbol.asyncDispose]() }
}

/** Every half a minute another sound. */
async function* samples(): AsyncGenerator<Float32Array> {
  for (let part = 0; part < 5; part++) {
    yield Float32Array.from({ length: 30 * 16_000 }, (_, i) => 0.3 * Math.sin(i * (0.03 + 0.011 * part)))
  }
}

const GREEDY: GivenOptions = { beam_size: 1, temperature: 0, vad_filter: false, audio_context: 'full' }

/** Too short for a loop. */
const NO_LOOPS: GivenOptions = { max_new_tokens: 7 }

async function transcribe(model: SpeechModel, options: GivenOptions = {}, language?: string): Promise<Transcription> {
  const signal = new AbortController().signal
  const parsed = parseOptions({ ...GREEDY, max_new_tokens: 30, ...options })
  return await transcribeLongForm(samples(), {
    session: model.session(sessionRequest(parsed, signal)),
    options: parsed,
    speechProbability: async (frames) => new Float32Array(frames.length / FRAME_SAMPLES).fill(1),
    language,
    signal,
  })
}

/** Texts and times to the hundredth; numbers that differ by rounding are left out. */
function essence({ text, language, segments, statistics }: Transcription) {
  const rounded = segments.map(({ start, end, text }) => [start.toFixed(2), end.toFixed(2), text])
  return { text, language, rounded, windows: statistics.windows, retries: statistics.temperatureRetries }
}

async function byStep(options: GivenOptions = {}, language?: string) {
  await using model = new StepModel(facts, await openCpuBackend(facts, folder, SETTINGS))
  return essence(await transcribe(model, options, language))
}

test('all windows of a recording are decoded in one run', async () => {
  await using all = await open()
  const found = await transcribe(all.model, NO_LOOPS, 'en')
  assert.deepEqual(essence(found), await byStep(NO_LOOPS, 'en'))
  assert.deepEqual(all.batches, [WINDOWS])
  const { steps, windowSteps } = all.model.stepCounts
  assert.ok(steps > 0 && windowSteps > steps)
})

test('the language is detected with the first window, and the others go together', async () => {
  await using all = await open()
  assert.deepEqual(essence(await transcribe(all.model, NO_LOOPS)), await byStep(NO_LOOPS))
  assert.deepEqual(all.batches, [1, WINDOWS - 1])
  assert.deepEqual(essence(await transcribe(all.model, { multilingual: true })), await byStep({ multilingual: true }))
})

test('timestamp tokens, a prompt and an option that only steps can do', async () => {
  await using all = await open()
  for (const options of [
    { timestamps: 'tokens' },
    { initial_prompt: 'Budapest', timestamps: 'none' },
    { repetition_penalty: 1.5, max_new_tokens: 12 },
    { beam_size: 2, max_new_tokens: 12 },
    { temperature: '0,0.5', log_prob_threshold: -0.5, best_of: 2, max_new_tokens: 8 },
  ]) {
    assert.deepEqual(
      essence(await transcribe(all.model, options, 'en')),
      await byStep(options, 'en'),
      JSON.stringify(options),
    )
  }
  assert.ok(all.opened.stepping > 0)
  await all.model.rest(false)
  assert.equal(all.opened.sessions, 1)
})

test('where memory is too short for all windows, fewer go at a time, and the request does not notice', async () => {
  await using short = await open({}, 2)
  assert.deepEqual(essence(await transcribe(short.model, {}, 'en')), await byStep({}, 'en'))
  assert.deepEqual(short.batches, [7, 4, 2, 2, 2, 1])
})

test('where one window does not fit the request fails, says why, and the next one is tried', async () => {
  await using none = await open({}, 0)
  for (let i = 0; i < 2; i++) {
    await assert.rejects(transcribe(none.model, {}, 'en'), { code: 'ASR_DEVICE_OUT_OF_MEMORY' })
  }
})

test('a device that is lost in a run fails the request, with one window or with many, and so that its engine is replaced', async () => {
  const lost = new Error('CUDA failure 719: unspecified launch failure ; GPU=0 ; expr=cudaStreamSynchronize(stream)')
  const openSession = async (): Promise<OpenGenerateSession> => ({
    generate: () => Promise.reject(lost),
    [Symbol.asyncDispose]: async () => {},
  })
  await using broken = await open({ openSession })
  for (const options of [{}, { batch_size: 1 }]) {
    await assert.rejects(transcribe(broken.model, options, 'en'), { code: 'ASR_DEVICE_FAILED', cause: lost })
  }
})

test('a device that is lost before sampling does the same', async () => {
  await using broken = await open({ openStepModel: () => Promise.reject(new Error('CUDA failure 999: unknown error')) })
  await assert.rejects(transcribe(broken.model, { temperature: 0.5 }, 'en'), { code: 'ASR_DEVICE_FAILED' })
})

test('what is over the limit is given back by opening the graph again, while nobody waits', async () => {
  await using all = await open()
  const before = essence(await transcribe(all.model, {}, 'en'))
  await all.model.rest(true)
  assert.equal(all.opened.sessions, 2)
  assert.deepEqual(essence(await transcribe(all.model, {}, 'en')), before)
})

test('a device without memory for the model says so', async () => {
  const openSession = () => Promise.reject(new Error('CUDA failure 2: out of memory'))
  await assert.rejects(open({ openSession }), { code: 'ASR_DEVICE_OUT_OF_MEMORY' })
})

test('a limit of memory means fewer windows in a run, and never none', () => {
  const shape = { ...SHAPE, dModel: 1280, encoderFfnDim: 5120, encoderHeads: 20, decoderLayers: 32 }
  const within = (gigabytes: number) => windowsWithin(gigabytes * 1e9, { weightBytes: 3.2e9, shape, bytesPerValue: 2 })
  const counts = [1, 4, 6, 8, 12, 24].map(within)
  assert.equal(counts[0], 1)
  assert.equal(counts.at(-1), 16)
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  )
  assert.equal(windowsWithin(undefined, { weightBytes: 3.2e9, shape, bytesPerValue: 2 }), 16)
})
