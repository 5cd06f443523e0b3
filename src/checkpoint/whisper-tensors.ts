/** The tensors of a Whisper-family checkpoint: their names and shapes, as the compiler reads them. */

import type { LowRankLinear, ModelShape } from './types.ts'

/** The projection onto the vocabulary. */
export const PROJECTION = 'proj_out.weight'

/** One tensor that must be there. */
export interface TensorSpec {
  /** Hugging Face's name without the leading `model.`. */
  readonly name: string
  readonly shape: readonly number[]
}

/**
 * Every tensor that a checkpoint of this shape must have, in Hugging Face's order.
 *
 * @see huggingface/transformers:src/transformers/models/whisper/modeling_whisper.py — a k_proj has no bias,
 *      unless it is low-rank.
 * @see efficient-speech/lite-whisper:modeling_lite_whisper.py `LinearLowRank` — weight1 [in, R], weight2 [R, out], bias.
 */
export function* whisperTensors(shape: ModelShape): Generator<TensorSpec> {
  const D = shape.dModel
  yield { name: 'encoder.conv1.weight', shape: [D, shape.nMels, 3] }
  yield { name: 'encoder.conv1.bias', shape: [D] }
  yield { name: 'encoder.conv2.weight', shape: [D, D, 3] }
  yield { name: 'encoder.conv2.bias', shape: [D] }
  yield { name: 'encoder.embed_positions.weight', shape: [shape.maxAudioContext, D] }
  for (let layer = 0; layer < shape.encoderLayers; layer++) {
    const ranks = shape.lowRank[layer] ?? {}
    const at = `encoder.layers.${layer}`
    yield* attention(`${at}.self_attn`, D, (linear) => ranks[linear])
    yield* layerNorm(`${at}.self_attn_layer_norm`, D)
    yield* linear(`${at}.fc1`, D, shape.encoderFfnDim, ranks.fc1)
    yield* linear(`${at}.fc2`, shape.encoderFfnDim, D, ranks.fc2)
    yield* layerNorm(`${at}.final_layer_norm`, D)
  }
  yield* layerNorm('encoder.layer_norm', D)

  yield { name: 'decoder.embed_tokens.weight', shape: [shape.vocabSize, D] }
  yield { name: 'decoder.embed_positions.weight', shape: [shape.maxTextContext, D] }
  for (let layer = 0; layer < shape.decoderLayers; layer++) {
    const at = `decoder.layers.${layer}`
    yield* attention(`${at}.self_attn`, D, dense)
    yield* layerNorm(`${at}.self_attn_layer_norm`, D)
    yield* attention(`${at}.encoder_attn`, D, dense)
    yield* layerNorm(`${at}.encoder_attn_layer_norm`, D)
    yield* linear(`${at}.fc1`, D, shape.decoderFfnDim, undefined)
    yield* linear(`${at}.fc2`, shape.decoderFfnDim, D, undefined)
    yield* layerNorm(`${at}.final_layer_norm`, D)
  }
  yield* layerNorm('decoder.layer_norm', D)
  if (shape.hasOwnProjection) yield { name: PROJECTION, shape: [shape.vocabSize, D] }
}

function dense(): undefined {}

function* attention(at: string, D: number, rankOf: (name: LowRankLinear) => number | undefined): Generator<TensorSpec> {
  for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj'] as const) {
    const rank = rankOf(name)
    for (const tensor of linear(`${at}.${name}`, D, D, rank)) {
      const isDenseKeyBias = name === 'k_proj' && rank === undefined && tensor.name.endsWith('.bias')
      if (!isDenseKeyBias) yield tensor
    }
  }
}

function* linear(at: string, nIn: number, nOut: number, rank: number | undefined): Generator<TensorSpec> {
  if (rank === undefined) {
    yield { name: `${at}.weight`, shape: [nOut, nIn] }
  } else {
    yield { name: `${at}.weight1`, shape: [nIn, rank] }
    yield { name: `${at}.weight2`, shape: [rank, nOut] }
  }
  yield { name: `${at}.bias`, shape: [nOut] }
}

function* layerNorm(at: string, D: number): Generator<TensorSpec> {
  yield { name: `${at}.weight`, shape: [D] }
  yield { name: `${at}.bias`, shape: [D] }
}
