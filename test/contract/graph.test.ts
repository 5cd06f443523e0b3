/** The compiled graphs of tiny random checkpoints, one per family, against each other and against slow clear code. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type ModelShape, openCheckpoint } from '../../src/checkpoint/index.ts'
import { type CompileOptions, compile, DECODER_FILE, ENCODER_FILE } from '../../src/compiler/index.ts'
import { melFilters } from '../../src/compiler/log-mel.ts'
import type { CpuDecoderBatch } from '../../src/inference/cpu/decoder-batch.ts'
import { processorFeatures } from '../../src/models/precision/machine.ts'
import { eligibleFormats } from '../../src/models/precision/precision.ts'
import {
  type LazyTensor,
  randomWhisperTensors,
  tinyShape,
  writeRandomCheckpoint,
} from '../helpers/builders/checkpoint-builder.ts'
import { openExposed } from '../helpers/rigs/exposed-model.ts'
import { skipped } from '../helpers/skip.ts'
import { largestDifference, samplesOf } from './decoder-batch-contract.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-graph-'))
after(() => rmSync(root, { recursive: true, force: true }))

async function openModel(
  name: string,
  shape: ModelShape,
  tensors = randomWhisperTensors(shape, 7),
  options: CompileOptions = {},
) {
  const folder = join(root, name)
  writeRandomCheckpoint(folder, shape, { tensors })
  const compiled = join(root, `${name}-compiled`)
  mkdirSync(compiled)
  using checkpoint = await openCheckpoint(folder)
  compile(checkpoint, compiled, { exposeIntermediates: true, ...options })
  return await openExposed(checkpoint, join(compiled, ENCODER_FILE), join(compiled, DECODER_FILE))
}

/** [R × V] logits of the batch's first slot after one more token for each row. */
async function logitsAfter(batch: CpuDecoderBatch, tokens: readonly number[]): Promise<Float32Array> {
  const output = await batch.step([{ slot: 0, tokens, logitBias: new Float32Array(batch.vocabSize) }], 1, true)
  return output.logits!.slice()
}

const FAMILIES: Record<string, ModelShape> = {
  whisper: tinyShape(),
  'large-v3 layout': tinyShape({ nMels: 128, vocabSize: 51866 }),
  'English-only': tinyShape({ vocabSize: 51864 }),
  distilled: tinyShape({ encoderLayers: 4, decoderLayers: 1 }),
  'low-rank': tinyShape({ lowRank: [{ q_proj: 3, k_proj: 4, v_proj: 5, out_proj: 6, fc1: 7, fc2: 8 }, { fc1: 2 }] }),
}

for (const [family, shape] of Object.entries(FAMILIES)) {
  describe(family, () => {
    test('a text fed token by token gives the logits of the text fed at once', async () => {
      await using model = await openModel(`${family}-steps`, shape)
      const features = await model.encode(samplesOf(40))
      const tokens = [50258, 11, 500, 9000, 42]
      using whole = model.start(features)
      const atOnce = await whole.prompt(0, tokens, [0, 1, 2, 3, 4])

      using stepped = model.start(features)
      const logits = [await stepped.prompt(0, tokens.slice(0, 2), [0, 1])]
      for (const token of tokens.slice(2)) logits.push(await logitsAfter(stepped, [token]))
      const joined = Float32Array.from(logits.flatMap((step) => [...step]))
      assert.ok(largestDifference(atOnce, joined) < 1e-4)
      assert.equal(stepped.lengthOf(0), tokens.length)
    })

    test('a text that outgrows the first room for it goes on as before', async () => {
      await using model = await openModel(`${family}-long`, shape)
      const features = await model.encode(samplesOf(40))
      const tokens = Array.from({ length: 100 }, (_, i) => 100 + ((i * 37) % 5000))
      using whole = model.start(features)
      const atOnce = await whole.prompt(0, tokens, [99])
      using stepped = model.start(features)
      await stepped.prompt(0, tokens.slice(0, 20), [0])
      for (const token of tokens.slice(20, -1)) await logitsAfter(stepped, [token])
      assert.ok(largestDifference(atOnce, await logitsAfter(stepped, [tokens.at(-1)!])) < 1e-4)
    })

    test('every encoder length from one position to 1500 is accepted', async () => {
      await using model = await openModel(`${family}-lengths`, shape)
      for (const positions of [1, 2, 333, 1500]) {
        const features = await model.encode(samplesOf(positions))
        assert.equal(features.audioFeatures.length, positions * shape.dModel)
        assert.ok(features.audioFeatures.every(Number.isFinite))
      }
    })
  })
}

test('a low-rank pair computes what the dense matrix of their product computes', async () => {
  const rank = 3
  const lowRank = tinyShape({ encoderLayers: 1, lowRank: [{ fc1: rank }] })
  const dense = tinyShape({ encoderLayers: 1 })
  const tensors: Record<string, LazyTensor> = randomWhisperTensors(lowRank, 7)
  const name = 'model.encoder.layers.0.fc1'
  const first = tensors[`${name}.weight1`]!.data() // [D × R]
  const second = tensors[`${name}.weight2`]!.data() // [R × F]
  const { dModel: d, encoderFfnDim: f } = dense
  const product = new Float32Array(f * d) // [F × D], as dense layers are stored
  for (let i = 0; i < f; i++) {
    for (let j = 0; j < d; j++) {
      for (let r = 0; r < rank; r++) product[i * d + j]! += first[j * rank + r]! * second[r * f + i]!
    }
  }
  const denseTensors: Record<string, LazyTensor> = {
    ...tensors,
    [`${name}.weight`]: { dtype: 'F32', shape: [f, d], data: () => product },
  }
  delete denseTensors[`${name}.weight1`]
  delete denseTensors[`${name}.weight2`]

  await using a = await openModel('pair', lowRank, tensors)
  await using b = await openModel('product', dense, denseTensors)
  const featuresA = await a.encode(samplesOf(50))
  const featuresB = await b.encode(samplesOf(50))
  assert.ok(largestDifference(featuresA.audioFeatures, featuresB.audioFeatures) < 1e-4)
})

test('a decoder in 8-bit blocks gives nearly the logits of the float32 one', async (t) => {
  const shape = tinyShape({ dModel: 64, encoderFfnDim: 128, decoderFfnDim: 128 })
  await using exact = await openModel('exact', shape)
  await using rounded = await openModel('rounded', shape, undefined, { decoderFormat: 'blocks8' })
  const graph = readFileSync(join(root, 'rounded-compiled', DECODER_FILE))
  assert.equal(graph.toString('latin1').split('MatMulNBits').length > 10, true, 'the blocks are really used')

  using batchA = exact.start(await exact.encode(samplesOf(60)))
  using batchB = rounded.start(await rounded.encode(samplesOf(60)))
  const tokens = [50258, 300, 400]
  const a = await batchA.prompt(0, tokens, [2])
  const b = await batchB.prompt(0, tokens, [2])
  const difference = largestDifference(a, b)
  const spread = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  t.diagnostic(`largest difference ${difference.toFixed(3)} at logits up to ${spread.toFixed(1)}`)
  assert.ok(difference > 0 && difference < 0.05 * spread)
})

/** Without 8-bit dot products they overflow, and the service does not choose the format there. */
const isExact = eligibleFormats(processorFeatures()).encoder.includes('smoothed8')
const exactOnly = isExact ? false : skipped('machine', 'this CPU has no 8-bit dot products')

test('an encoder in smoothed 8 bits gives nearly the features of the float32 one', { skip: exactOnly }, async (t) => {
  const shape = tinyShape({ dModel: 64, encoderFfnDim: 128, decoderFfnDim: 128 })
  await using exact = await openModel('exact-encoder', shape)
  await using rounded = await openModel('rounded-encoder', shape, undefined, { encoderFormat: 'smoothed8' })
  const graph = readFileSync(join(root, 'rounded-encoder-compiled', ENCODER_FILE))
  assert.equal(graph.toString('latin1').split('DynamicQuantizeMatMul').length > 8, true, '8 bits are really used')

  const a = await exact.encode(samplesOf(60))
  const b = await rounded.encode(samplesOf(60))
  const difference = largestDifference(a.audioFeatures, b.audioFeatures)
  t.diagnostic(`largest difference ${difference.toFixed(3)}; the features have a deviation of 1`)
  assert.ok(difference > 0 && difference < 0.2)
})

test('the log-mel in the graph equals a plain discrete Fourier transform in double precision', async (t) => {
  const shape = tinyShape({ nMels: 128 })
  await using model = await openModel('mel', shape)
  const samples = samplesOf(25)
  const features = await model.encode(samples)
  const difference = largestDifference(features.logMel, slowLogMel(samples, shape.nMels))
  t.diagnostic(`largest difference ${difference.toExponential(1)}`)
  assert.ok(difference < 1e-4)
})

/** @see openai/whisper:whisper/audio.py `log_mel_spectrogram`, written out. Returns [M × F]. */
function slowLogMel(samples: Float32Array, nMels: number): Float32Array {
  const nFrames = samples.length / 160
  const at = (i: number) => samples[i < 0 ? -i : i >= samples.length ? 2 * (samples.length - 1) - i : i]!
  const filters = melFilters(nMels)
  const logMel = new Float64Array(nMels * nFrames)
  for (let frame = 0; frame < nFrames; frame++) {
    const power = new Float64Array(201)
    for (let k = 0; k <= 200; k++) {
      let [re, im] = [0, 0]
      for (let n = 0; n < 400; n++) {
        const value = at(frame * 160 + n - 200) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 400))
        re += value * Math.cos((2 * Math.PI * k * n) / 400)
        im -= value * Math.sin((2 * Math.PI * k * n) / 400)
      }
      power[k] = re * re + im * im
    }
    for (let m = 0; m < nMels; m++) {
      let mel = 0
      for (let k = 0; k <= 200; k++) mel += filters[m * 201 + k]! * power[k]!
      logMel[m * nFrames + frame] = Math.log10(Math.max(mel, 1e-10))
    }
  }
  const max = logMel.reduce((a, b) => Math.max(a, b))
  return Float32Array.from(logMel, (value) => (Math.max(value, max - 8) + 4) / 4)
}
