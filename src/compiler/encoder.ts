/** Samples → log-mel → encoder → keys and values of every decoder layer's cross-attention. */

import type { ModelShape, TensorSource } from '../checkpoint/index.ts'
import { GraphBuilder, type Value, type WeightSink } from './builder.ts'
import type { GraphTarget } from './format.ts'
import {
  type Build,
  computeType,
  fromCompute,
  gelu,
  type LinearFormat,
  layerNorm,
  linear,
  toCompute,
  weight,
} from './layers.ts'
import { addLogMel } from './log-mel.ts'
import { plainAttention, splitHeads, splitHeadsTurned } from './plain-attention.ts'
import { smoothedFeedForward, smoothedNormedLinears, smoothedSelfAttention } from './quantize/smoothquant-layers.ts'

export interface EncoderGraphOptions {
  /** Also give `log_mel` [B × M × F] and `audio_features` [B × S × D], to compare with a reference. */
  readonly exposeIntermediates?: boolean
  readonly encoderFormat?: LinearFormat
  readonly target?: GraphTarget
}

/**
 * The encoder's graph.
 *
 * Input `samples` [B × N], N = 320·S for an audio context of S ≤ 1500 positions.
 * Outputs `cross_key_L`, `cross_value_L` [B × H × S × D/H] for each decoder layer L: what does not change from token
 * to token is computed once per window. For a device they are in the type that it computes in, and the keys are turned,
 * [B × H × D/H × S], as its products need them.
 *
 * @see openai/whisper:whisper/model.py `AudioEncoder`
 */
export function buildEncoder(
  shape: ModelShape,
  tensors: TensorSource,
  sink: WeightSink,
  options: EncoderGraphOptions = {},
): Uint8Array {
  const g = new GraphBuilder('encoder', sink)
  const build: Build = { g, tensors, linearFormat: options.encoderFormat ?? 'float32' }
  const samples = g.input('samples', 'float32', ['B', 'N'])

  const { logMel, x, cross } = encoderLayers(build, shape, samples, options.target)
  const headSize = shape.dModel / shape.decoderHeads
  const dims = ['B', shape.decoderHeads, 'S', headSize]
  // What stays on a device stays in the type that it computes in.
  const staysThere = options.target === 'webgpu'
  const keptType = staysThere ? computeType(build) : 'float32'
  const handedOn = (x: Value) => (staysThere ? x : fromCompute(build, x))
  const keyDims = staysThere ? ['B', shape.decoderHeads, headSize, 'S'] : dims
  cross.forEach(({ key, value }, layer) => {
    g.output(`cross_key_${layer}`, handedOn(key), keptType, keyDims)
    g.output(`cross_value_${layer}`, handedOn(value), keptType, dims)
  })
  if (options.exposeIntermediates) {
    g.output('log_mel', logMel, 'float32', ['B', shape.nMels, 'F'])
    const audioFeatures = fromCompute(build, layerNorm(build, 'encoder.layer_norm', x))
    g.output('audio_features', audioFeatures, 'float32', ['B', 'S', shape.dModel])
  }
  return g.finish()
}

/** Keys and values of one decoder layer's cross-attention, [B × H × S × D/H] each. */
export interface CrossKeysValues {
  readonly key: Value
  readonly value: Value
}

/**
 * All of the encoder, for a graph of its own or as a part of another.
 *
 * @param samples  [B × N]
 * @param target   for a device the keys are turned, [B × H × D/H × S].
 * @returns        the log-mel, what the last layer gives [B × S × D], and what the decoder's layers read.
 */
export function encoderLayers(
  build: Build,
  shape: ModelShape,
  samples: Value,
  target: GraphTarget = 'cpu',
): { readonly logMel: Value; readonly x: Value; readonly cross: readonly CrossKeysValues[] } {
  const { g } = build
  // Always in float32: the powers of a spectrum span more than float16 can.
  const logMel = addLogMel(g, samples, shape.nMels)
  let x = convolutions(build, toCompute(build, logMel))
  const isPlain = target === 'webgpu'
  for (let layer = 0; layer < shape.encoderLayers; layer++) x = encoderLayer(build, shape, layer, x, isPlain)
  const projections = Array.from({ length: shape.decoderLayers }, (_, layer) =>
    ['k', 'v'].map((part) => `decoder.layers.${layer}.encoder_attn.${part}_proj`),
  ).flat()
  const projected = crossProjections(build, projections, x)
  const splitKey = isPlain ? splitHeadsTurned : splitHeads
  const cross = Array.from({ length: shape.decoderLayers }, (_, layer) => ({
    key: splitKey(g, projected[2 * layer]!, shape.decoderHeads),
    value: splitHeads(g, projected[2 * layer + 1]!, shape.decoderHeads),
  }))
  return { logMel, x, cross }
}

/** Keys and values of the decoder's layers, from what the encoder's last layer gives. */
function crossProjections(build: Build, names: readonly string[], x: Value): Value[] {
  if (build.linearFormat === 'smoothed8') return smoothedNormedLinears(build, 'encoder.layer_norm', names, x)
  const audioFeatures = layerNorm(build, 'encoder.layer_norm', x) // [B × S × D]
  return names.map((name) => linear(build, name, audioFeatures))
}

/** [B × M × F] → [B × S × D]: two convolutions, the second of which halves the frames, then the position's vector. */
function convolutions(build: Build, logMel: Value): Value {
  const { g } = build
  const conv = (name: string, x: Value, stride: number) => {
    const inputs = [x, weight(build, `${name}.weight`), weight(build, `${name}.bias`)]
    return gelu(build, g.op('Conv', inputs, { kernel_shape: [3], pads: [1, 1], strides: [stride] }))
  }
  const halved = conv('encoder.conv2', conv('encoder.conv1', logMel, 1), 2) // [B × D × S]
  const x = g.op('Transpose', [halved], { perm: [0, 2, 1] }) // [B × S × D]

  const nPositions = g.op('Slice', [g.op('Shape', [x]), g.ints([1]), g.ints([2])])
  const positions = weight(build, 'encoder.embed_positions.weight')
  return g.op('Add', [x, g.op('Slice', [positions, g.ints([0]), nPositions, g.ints([0])])])
}

function encoderLayer(build: Build, shape: ModelShape, index: number, x: Value, isPlain: boolean): Value {
  const { g } = build
  const layer = `encoder.layers.${index}`
  if (build.linearFormat === 'smoothed8') {
    const afterAttention = g.op('Add', [x, smoothedSelfAttention(build, layer, shape.encoderHeads, x)])
    return g.op('Add', [afterAttention, smoothedFeedForward(build, layer, afterAttention)])
  }
  const normed = layerNorm(build, `${layer}.self_attn_layer_norm`, x)
  const inputs = ['q', 'k', 'v'].map((part) => linear(build, `${layer}.self_attn.${part}_proj`, normed))
  const attended = isPlain
    ? attend(build, shape, inputs as [Value, Value, Value]) // made of three just above
    : g.contrib('MultiHeadAttention', inputs, 1, { num_heads: shape.encoderHeads })[0]!
  const afterAttention = g.op('Add', [x, linear(build, `${layer}.self_attn.out_proj`, attended)])

  const inner = linear(build, `${layer}.fc1`, layerNorm(build, `${layer}.final_layer_norm`, afterAttention))
  return g.op('Add', [afterAttention, linear(build, `${layer}.fc2`, gelu(build, inner))])
}

function attend(build: Build, shape: ModelShape, [queries, keys, values]: readonly [Value, Value, Value]): Value {
  const { g } = build
  const heads = {
    keysTurned: splitHeadsTurned(g, keys, shape.encoderHeads),
    values: splitHeads(g, values, shape.encoderHeads),
  }
  return plainAttention(build, shape.encoderHeads, shape.dModel, queries, heads)
}
