/** The decoder's graph as every backend opens it: its files, its shape, and what it is given. */

import { join } from 'node:path'
import { Tensor } from 'onnxruntime-node'
import {
  alignmentHeadsOf,
  type CompilerInput,
  DECODER_FILE,
  EMBEDDINGS_FILE,
  SAMPLES_PER_POSITION,
} from '../compiler/index.ts'

/** Parts of a checkpoint that opening its graphs takes. */
export type GraphsCheckpoint = Pick<CompilerInput, 'config' | 'generation'>

export interface DecoderModel {
  /** Path of the decoder's graph. */
  readonly graph: string
  /** Path of the tokens' vectors. */
  readonly embeddings: string
  /** At least one. */
  readonly alignmentHeads: AlignmentHeads
}

/** @param folder  of the compiled graphs. */
export function decoderModelIn(folder: string, { config, generation }: GraphsCheckpoint): DecoderModel {
  return {
    graph: join(folder, DECODER_FILE),
    embeddings: join(folder, EMBEDDINGS_FILE),
    alignmentHeads: alignmentHeadsOf(config, generation.alignmentHeads),
  }
}

/** A window's samples with silence behind them, [320 · audioContext]. */
export function paddedTo(audioContext: number, samples: Float32Array): Float32Array {
  const padded = new Float32Array(audioContext * SAMPLES_PER_POSITION)
  padded.set(samples)
  return padded
}

/** Sizes that feeding a decoder takes. */
export interface DecoderShape {
  readonly decoderLayers: number
  readonly decoderHeads: number
  readonly dModel: number
  readonly vocabSize: number
  readonly maxTextContext: number
}

/** Keys and values of cross-attention of some windows: `cross_key_L`, `cross_value_L`, each [windows × H × S × D/H]. */
export type AudioFeatures = Readonly<Record<string, Tensor>>

/** (layer, head) pairs of cross-attention by which words are aligned. */
export type AlignmentHeads = readonly (readonly [layer: number, head: number])[]

/** `alignment_heads_L` for each layer that has such an input: the heads of `wanted`, which may be none. */
export function alignmentHeadInputs(
  { inputNames }: { readonly inputNames: readonly string[] },
  wanted: AlignmentHeads,
): Record<string, Tensor> {
  const prefix = 'alignment_heads_'
  const names = inputNames.filter((name) => name.startsWith(prefix))
  return Object.fromEntries(
    names.map((name) => {
      const layer = Number(name.slice(prefix.length))
      const heads = wanted.filter(([ofLayer]) => ofLayer === layer).map(([, head]) => BigInt(head))
      return [name, new Tensor('int64', BigInt64Array.from(heads), [heads.length])]
    }),
  )
}
