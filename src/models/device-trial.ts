/**
 * A small model of random weights, run on a device and on the processor: drivers compile our graphs anew, and one that
 * gets them wrong says nothing about it. All that a real model does is done once: windows that share a lane, texts of
 * different lengths, rows that branch off, attention to the audio.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ModelShape, type TensorSource, whisperTensors } from '../checkpoint/index.ts'
import { DeviceUnavailableError } from '../errors/index.ts'
import { compile, SAMPLES_PER_POSITION } from '../graph/index.ts'
import type { ResolvedDevice, SessionSettings } from '../runtime/index.ts'
import { openDeviceGraphs } from './device-graphs.ts'

/** Heads of 64 and 1500 positions as all Whispers have them, few of everything else. */
const SHAPE: ModelShape = {
  nMels: 80,
  dModel: 128,
  encoderLayers: 1,
  encoderHeads: 2,
  encoderFfnDim: 128,
  decoderLayers: 1,
  decoderHeads: 2,
  decoderFfnDim: 128,
  vocabSize: 300,
  maxAudioContext: 1500,
  maxTextContext: 448,
  lowRank: [],
}
const CHECKPOINT = { config: SHAPE, generation: { alignmentHeads: undefined } }
const POSITIONS = 48
/** Of the largest number that the processor gives in float32. Rounding alone makes 1e-5 and 1e-3. */
const TOLERANCES = { float32: 1e-3, float16: 2e-2 } as const

type Format = keyof typeof TOLERANCES

/**
 * @param format  of weights and computation.
 * @throws {DeviceUnavailableError} when `device` fails, or computes something else than the processor.
 */
export type DeviceTrial = (device: ResolvedDevice, format: Format) => Promise<void>

/** What tries devices; the processor's answers, which theirs are compared with, are computed once. */
export async function prepareTrial(): Promise<DeviceTrial> {
  const expected = await withGraphs('float32', (folder) => answersOf(folder, { device: 'cpu', threads: 1 }))
  return async (device, format) => {
    const given = await withGraphs(format, (folder) =>
      answersOf(folder, { device, threads: 1 }).catch((cause: unknown) => {
        throw new DeviceUnavailableError(device, 'a small model fails on it', { cause })
      }),
    )
    for (const [name, values] of expected) {
      const off = largestDifference(values, given.get(name)!)
      if (!(off <= TOLERANCES[format])) {
        const reason = `its ${name} differ from the processor's by ${(100 * off).toPrecision(2)} %`
        throw new DeviceUnavailableError(device, `${reason}; a newer driver may compute them rightly`)
      }
    }
  }
}

/** @param work  on the folder of the compiled graphs, which is deleted after it. */
async function withGraphs<T>(format: Format, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-asr-trial-'))
  try {
    const formats = { encoderFormat: format, decoderFormat: format }
    compile({ ...CHECKPOINT, tensors: randomTensors(SHAPE) }, folder, { target: 'device', ...formats })
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function answersOf(folder: string, settings: SessionSettings): Promise<ReadonlyMap<string, Float32Array>> {
  await using graphs = await openDeviceGraphs(CHECKPOINT, folder, settings)
  const { batchModel } = graphs
  using lane = batchModel.lane(POSITIONS, 2)
  const text = Array.from({ length: 40 }, (_, i) => 3 + 7 * i)
  const tokenBias = new Float32Array(SHAPE.vocabSize)
  for (const slot of [0, 1]) await batchModel.encode(tones(slot), lane, slot)
  const prompted = await lane.prompt(0, text, [0, 39])
  await lane.prompt(1, text.slice(0, 5), [4])
  const steps = (tokens: readonly number[]) => [0, 1].map((slot) => ({ slot, tokens, tokenBias }))
  await lane.step(steps([8, 9]), 1, false)
  lane.branch(0, [1, 1])
  const { logits } = await lane.step(steps([10, 10]), 1, true)
  const scores = await batchModel.align(lane, 1, text)
  return new Map([
    ['logits after a prompt', prompted.slice()],
    ['logits after steps', logits!.slice()],
    ['attention scores', scores.slice()],
  ])
}

/** Of the largest of `expected`; NaN where there is one. */
function largestDifference(expected: Float32Array, given: Float32Array): number {
  let [off, largest] = [0, 0]
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(value - given[i]!)
    if (!(difference <= off)) off = difference
    if (Number.isNaN(off)) return off
    largest = Math.max(largest, Math.abs(value))
  }
  return off / largest
}

function tones(seed: number): Float32Array {
  const length = POSITIONS * SAMPLES_PER_POSITION
  return Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(0.05 * (seed + 1) * i) + 0.1 * Math.sin(0.31 * i))
}

/** Equal at every call. Norms are near 1; what a linear layer gives is about as large as what it takes. */
function randomTensors(shape: ModelShape): TensorSource {
  const shapes = new Map(Array.from(whisperTensors(shape), (tensor) => [tensor.name, tensor.shape]))
  return {
    names: () => shapes.keys(),
    has: (name) => shapes.has(name),
    shape: (name) => shapes.get(name)!,
    read(name) {
      const dims = shapes.get(name)!
      const perOutput = dims.slice(1).reduce((size, dim) => size * dim, 1)
      const [centre, width] = /layer_norm\.weight$/.test(name) ? [1, 0.1] : [0, 1.7 / Math.sqrt(perOutput)]
      let state = name.length
      return Float32Array.from({ length: dims[0]! * perOutput }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0 // Numerical Recipes' generator: enough for weights
        return centre + width * (state / 2 ** 31 - 1)
      })
    },
    [Symbol.dispose]: () => {},
  }
}
