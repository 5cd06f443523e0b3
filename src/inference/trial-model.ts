/**
 * A small model of random weights and sounds for it, by which a device is compared with the processor. Weights are the
 * same at every call.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ModelShape, type TensorSource, whisperTensors } from '../checkpoint/index.ts'
import { type CompileOptions, compile, SAMPLES_PER_POSITION } from '../compiler/index.ts'
import { FULL_CONTEXT } from '../whisper-constants.ts'

/** Heads of 64 and 1500 positions as all Whispers have them, few of everything else. */
export const TRIAL_SHAPE: ModelShape = {
  nMels: 80,
  dModel: 128,
  encoderLayers: 1,
  encoderHeads: 2,
  encoderFfnDim: 128,
  decoderLayers: 1,
  decoderHeads: 2,
  decoderFfnDim: 128,
  vocabSize: 300,
  maxAudioContext: FULL_CONTEXT,
  maxTextContext: 448,
  lowRank: [],
}
export const TRIAL_CHECKPOINT = { config: TRIAL_SHAPE, generation: { alignmentHeads: undefined } }

/**
 * Compiles the model into a folder of its own below `parent`, which is deleted after `work`.
 *
 * @param seed  of its weights.
 */
export async function withTrialGraphs<T>(
  parent: string,
  seed: number,
  options: CompileOptions,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(parent, 'graphs-'))
  try {
    compile({ ...TRIAL_CHECKPOINT, tensors: randomTensors(TRIAL_SHAPE, seed) }, folder, options)
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Coloured noise that swells and fades, and a tone: for each `index` in a band of its own, and none of them silent. */
export function trialSound(index: number, positions: number): Float32Array {
  const next = randomNumbers(index + 1)
  const brightness = [0.05, 0.4, 1][index % 3]!
  let filtered = 0
  return Float32Array.from({ length: positions * SAMPLES_PER_POSITION }, (_, i) => {
    filtered += brightness * (next() - filtered)
    return 0.3 * Math.sin(i / (3000 + 1000 * index)) ** 2 * filtered + 0.05 * Math.sin(i * (0.1 + 0.6 * index))
  })
}

/** Of the largest of `expected`; NaN where there is one. */
export function largestDifference(expected: Float32Array, given: Float32Array): number {
  let [off, largest] = [0, 0]
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(value - given[i]!)
    if (!(difference <= off)) off = difference
    if (Number.isNaN(off)) return off
    largest = Math.max(largest, Math.abs(value))
  }
  return off / largest
}

/** How many times as wide as usual some weights are drawn, so that the text depends on the sound and not on itself. */
const WIDER: readonly (readonly [RegExp, number])[] = [
  [/conv\d\.weight$/, 3],
  [/^encoder\.embed_positions/, 0.3],
  [/^decoder\.embed_positions/, 2],
  [/encoder_attn\.q_proj\.weight$/, 3],
  [/encoder_attn\.out_proj\.weight$/, 4],
]

/** Norms are near 1, biases near 0; what a linear layer gives is about as large as what it takes. */
function randomTensors(shape: ModelShape, seed: number): TensorSource {
  const shapes = new Map(Array.from(whisperTensors(shape), (tensor) => [tensor.name, tensor.shape]))
  return {
    names: () => shapes.keys(),
    has: (name) => shapes.has(name),
    shape: (name) => shapes.get(name)!,
    read(name) {
      const dims = shapes.get(name)!
      const perOutput = dims.slice(1).reduce((size, dim) => size * dim, 1)
      const isNorm = /layer_norm\.weight$/.test(name)
      const width = dims.length === 1 ? 0.1 : 1.7 / Math.sqrt(perOutput)
      const factor = WIDER.find(([pattern]) => pattern.test(name))?.[1] ?? 1
      const next = randomNumbers(hash(name, seed))
      return Float32Array.from({ length: dims[0]! * perOutput }, () => (isNorm ? 1 : 0) + factor * width * next())
    },
    [Symbol.dispose]: () => {},
  }
}

/** Numbers from -1 to 1 by Numerical Recipes' generator, which is enough for weights. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

/** FNV-1a, so that tensors with similar names have nothing in common. */
function hash(name: string, seed: number): number {
  let value = seed
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 16777619)
  return value
}
