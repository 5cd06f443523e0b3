/** One decoding step: T tokens for each row, with the keys and values of everything before them. */

import type { ModelShape, TensorSource } from '../checkpoint/index.ts'
import { type Dim, GraphBuilder, type Value, type WeightSink } from './builder.ts'
import type { GraphTarget } from './format.ts'
import {
  type Build,
  fromCompute,
  gelu,
  LAYER_NORM_EPSILON,
  type LinearFormat,
  linear,
  real,
  stackedLinear,
  timesTransposed,
  toCompute,
  weight,
} from './layers.ts'
import { plainAttention } from './plain-attention.ts'
import { type DeviceCache, deviceCacheInputs, deviceSelfAttention } from './webgpu-attention.ts'

export interface DecoderGraphOptions {
  readonly alignmentHeads: AlignmentHeads
  readonly linearFormat: LinearFormat
  readonly target?: GraphTarget
}

/**
 * The decoder's graph. Rows are of any length each, so that windows which began at different times share a step: the
 * weights are read once for all of them.
 *
 * Inputs:
 * - `embedded` [B × T × D], `positions` [B × T]: vectors of the tokens that are appended to each row (`embeddings.ts`),
 *   and their places in its text.
 * - `logits_at` [K]: those of the T whose logits are wanted, because projecting a long prompt onto the vocabulary would
 *   cost more than the rest of the step.
 * - per layer L `past_key_L`, `past_value_L` [B × H × C × D/H], with room for C tokens; `past_mask` [B × 1 × T × C+T]:
 *   0 where a place of a row holds something and for the T new ones, -∞ elsewhere. Keys carry no position, so that
 *   their order is of no consequence.
 * - per layer `cross_key_L`, `cross_value_L` [W × H × S × D/H]. B is a multiple of W: the rows of one window (its beams)
 *   share that window's cross-attention instead of each holding a copy.
 * - `token_bias` [B or 1 × 1 × V]: added to the logits before candidates are chosen; -∞ for what shall not be said.
 * - `n_best` [1]: N, how many candidates.
 * - per layer with alignment heads `alignment_heads_L` [A_L]: the heads whose scores are wanted; none costs nothing.
 *
 * Outputs:
 * - `best_tokens`, `best_logprobs` [B × K × N]: the likeliest tokens, falling, and the natural logarithm of their
 *   probability, both with the bias; `logits` [B × K × V] without.
 * - `new_keys_values` [B × T × 2LD]: of each layer keys and values of the new tokens, for whoever keeps the cache. The
 *   whole cache as an output would be copied at every step.
 * - `alignment_scores` [W × A × B/W·T × S]: scaled products of queries and keys, before softmax, of the heads asked for.
 *
 * For a device the past is [P × D] and `places` [B × C] tells which of it each row has; instead of `new_keys_values` there
 * are `present_key_L`, `present_value_L`, the next run's past (`device-attention.ts`). All of these are in the type that the
 * graph computes in. Cross-attention's keys are turned,
 * [W × H × D/H × S]. Candidates are chosen by a graph of their own (`candidates-model.ts`).
 *
 * @see openai/whisper:whisper/model.py `TextDecoder`
 */
export function buildDecoder(
  shape: ModelShape,
  tensors: TensorSource,
  sink: WeightSink,
  { alignmentHeads, linearFormat, target }: DecoderGraphOptions,
): Uint8Array {
  const g = new GraphBuilder('decoder', sink)
  const build: Build = { g, tensors, linearFormat }
  const embedded = toCompute(build, g.input('embedded', 'float32', ['B', 'T', shape.dModel]))
  const positions = g.input('positions', 'int64', ['B', 'T'])
  const mask = toCompute(build, g.input('past_mask', 'float32', ['B', 1, 'T', 'C+T']))
  const logitsAt = g.input('logits_at', 'int64', ['K'])
  const places = target === 'webgpu' ? g.input('places', 'int32', ['B', 'C']) : undefined
  const caches = Array.from({ length: shape.decoderLayers }, (_, layer) =>
    places === undefined ? cacheInputs(build, shape, layer) : deviceCacheInputs(build, shape, layer),
  )

  const x = g.op('Add', [embedded, g.op('Gather', [weight(build, 'decoder.embed_positions.weight'), positions])]) // [B × T × D]
  const rowShape = g.op('Shape', [x])
  const nWindows = g.op('Slice', [g.op('Shape', [caches[0]!.crossKey]), g.ints([0]), g.ints([1])])
  const shapes: Shapes = {
    rows: rowShape,
    windows: g.op('Concat', [nWindows, g.ints([-1, shape.dModel])], { axis: 0 }),
  }

  const scores: Value[] = []
  const keysValues: Value[] = []
  let stream: Stream = { sum: x, branch: undefined }
  caches.forEach((cache, layer) => {
    const hasHeads = alignmentHeads.some(([ofLayer]) => ofLayer === layer)
    const heads = hasHeads ? g.input(`alignment_heads_${layer}`, 'int64', [`A_${layer}`]) : undefined
    const onQueries =
      heads && ((queries: Value) => scores.push(alignmentScores(build, shape, queries, { cache, places }, heads)))
    const onNewKeysValues = (key: Value, value: Value) => keysValues.push(key, value)
    stream = decoderLayer(build, shape, layer, stream, { cache, mask, places, shapes, onQueries, onNewKeysValues })
  })
  if (places === undefined) {
    const newSize = 2 * shape.decoderLayers * shape.dModel
    const newKeysValues = fromCompute(build, g.op('Concat', keysValues, { axis: -1 }))
    g.output('new_keys_values', newKeysValues, 'float32', ['B', 'T', newSize])
  }
  const alignment = scores.length === 1 ? scores[0]! : g.op('Concat', scores, { axis: 1 })
  g.output('alignment_scores', fromCompute(build, alignment), 'float32', ['W', 'A', 'B/W*T', 'S'])

  const { normed } = addNorm(build, 'decoder.layer_norm', stream)
  const logits = projected(build, g.op('Gather', [normed, logitsAt], { axis: 1 })) // [B × K × V]
  g.output('logits', logits, 'float32', ['B', 'K', shape.vocabSize])
  if (places === undefined) addCandidates(g, shape.vocabSize, logits)
  return g.finish()
}

/** (layer, head) pairs of cross-attention, at least one. */
export type AlignmentHeads = readonly (readonly [layer: number, head: number])[]

/** Scores of more heads than this would take longer to read than they are worth. */
const MOST_CANDIDATES = 96

/**
 * The heads that a checkpoint names, else candidates, of which each window takes those that follow it (`tokenTimes`): all
 * heads of as many layers as `MOST_CANDIDATES` allows, spread evenly, the last one among them.
 */
export function alignmentHeadsOf(shape: ModelShape, named: AlignmentHeads | undefined): AlignmentHeads {
  if (named !== undefined && named.length > 0) return named
  const nLayers = Math.min(shape.decoderLayers, Math.max(1, Math.floor(MOST_CANDIDATES / shape.decoderHeads)))
  return Array.from({ length: nLayers }, (_, i) => {
    const layer = Math.ceil((shape.decoderLayers * (i + 1)) / nLayers) - 1
    return Array.from({ length: shape.decoderHeads }, (_, head) => [layer, head] as const)
  }).flat()
}

/** [B × T × D] for all but cross-attention, [W × B/W·T × D] for that. */
export interface Shapes {
  readonly rows: Value
  readonly windows: Value
}

/** The residual stream, of which the last branch is not added yet: the next norm adds it in passing. */
export interface Stream {
  readonly sum: Value
  readonly branch: Value | undefined
}

/** Products with every token's vector, [B × K × V] in float32. The embeddings unless the checkpoint stores a matrix. */
export function projected(build: Build, x: Value): Value {
  const { g, tensors, linearFormat } = build
  const name = tensors.has('proj_out.weight') ? 'proj_out.weight' : 'decoder.embed_tokens.weight'
  const [vocabSize, dModel] = tensors.shape(name) as [number, number] // checked when the checkpoint was opened
  if (linearFormat === 'blocks8' || linearFormat === 'smoothed8') {
    return timesTransposed(build, `${name}.projection`, { matrix: tensors.read(name), nInputs: dModel }, x)
  }
  // Gemm can turn the matrix over by itself, so that it is stored as it is.
  const flat = g.op('Gemm', [g.op('Reshape', [x, g.ints([-1, dModel])]), weight(build, name)], { transB: 1 })
  const batch = g.op('Slice', [g.op('Shape', [x]), g.ints([0]), g.ints([2])])
  return fromCompute(build, g.op('Reshape', [flat, g.op('Concat', [batch, g.ints([vocabSize])], { axis: 0 })]))
}

/** The likeliest tokens, so that a search need not look through the whole vocabulary for every row and step. */
export function addCandidates(g: GraphBuilder, vocabSize: number, logits: Value): void {
  const bias = g.input('token_bias', 'float32', ['B or 1', 1, vocabSize])
  const nBest = g.input('n_best', 'int64', [1])
  const logprobs = g.op('LogSoftmax', [g.op('Add', [logits, bias])], { axis: -1 })
  const [values, tokens] = g.ops('TopK', [logprobs, nBest], 2, { axis: -1, largest: 1, sorted: 1 })
  g.output('best_logprobs', values!, 'float32', ['B', 'K', 'N'])
  g.output('best_tokens', tokens!, 'int64', ['B', 'K', 'N'])
}

export interface LayerCache {
  /** undefined: a text begins. */
  readonly pastKey: Value | undefined
  readonly pastValue: Value | undefined
  readonly crossKey: Value
  readonly crossValue: Value
}

function cacheInputs(build: Build, shape: ModelShape, layer: number): LayerCache {
  const dims = (rows: string, length: string) => [rows, shape.decoderHeads, length, shape.dModel / shape.decoderHeads]
  const input = (name: string, ofDims: Dim[]) => toCompute(build, build.g.input(name, 'float32', ofDims))
  return {
    pastKey: input(`past_key_${layer}`, dims('B', 'C')),
    pastValue: input(`past_value_${layer}`, dims('B', 'C')),
    crossKey: input(`cross_key_${layer}`, dims('W', 'S')),
    crossValue: input(`cross_value_${layer}`, dims('W', 'S')),
  }
}

export interface LayerInputs {
  readonly cache: LayerCache
  /** undefined: all that is past is seen. */
  readonly mask: Value | undefined
  /** Where the texts are on a device; undefined where the caller keeps them. */
  readonly places?: Value | undefined
  readonly shapes: Shapes
  readonly onQueries: ((queries: Value) => void) | undefined
  /** Of the new tokens alone, [B × T × D] each. */
  readonly onNewKeysValues?: (key: Value, value: Value) => void
  /** Of the past and the new tokens, [B × H × C+T × D/H] each. */
  readonly onPresent?: (key: Value, value: Value) => void
}

export function decoderLayer(
  build: Build,
  shape: ModelShape,
  index: number,
  stream: Stream,
  inputs: LayerInputs,
): Stream {
  const layer = `decoder.layers.${index}`

  const beforeSelf = addNorm(build, `${layer}.self_attn_layer_norm`, stream)
  const attended = selfAttention(build, shape, index, beforeSelf.normed, inputs)

  const beforeCross = addNorm(build, `${layer}.encoder_attn_layer_norm`, { sum: beforeSelf.sum, branch: attended })
  const crossed = crossAttention(build, shape, layer, beforeCross.normed, inputs)

  const beforeFeed = addNorm(build, `${layer}.final_layer_norm`, { sum: beforeCross.sum, branch: crossed })
  const inner = gelu(build, linear(build, `${layer}.fc1`, beforeFeed.normed))
  return { sum: beforeFeed.sum, branch: linear(build, `${layer}.fc2`, inner) }
}

/** Adds the stream's branch to it, and normalises. */
export function addNorm(build: Build, name: string, { sum, branch }: Stream): { normed: Value; sum: Value } {
  const { g } = build
  const [gamma, beta] = [weight(build, `${name}.weight`), weight(build, `${name}.bias`)]
  if (branch === undefined) {
    return { normed: g.op('LayerNormalization', [sum, gamma, beta], { axis: -1, epsilon: LAYER_NORM_EPSILON }), sum }
  }
  const attributes = { epsilon: LAYER_NORM_EPSILON }
  // Outputs 1 and 2 would be mean and deviation, for training.
  const outputs = g.contrib('SkipLayerNormalization', [sum, branch, gamma, beta], 4, attributes, [1, 2])
  return { normed: outputs[0]!, sum: outputs[3]! }
}

function selfAttention(build: Build, shape: ModelShape, index: number, x: Value, inputs: LayerInputs): Value {
  const { g } = build
  const { cache, mask, places, onNewKeysValues, onPresent } = inputs
  const attention = `decoder.layers.${index}.self_attn`
  const packed = stackedLinear(
    build,
    ['q', 'k', 'v'].map((part) => `${attention}.${part}_proj`),
    x,
  )
  const sizes = g.ints([shape.dModel, shape.dModel, shape.dModel])
  const [q, k, v] = g.ops('Split', [packed, sizes], 3, { axis: -1 })
  if (places !== undefined) {
    // A step for a device has both, by `deviceCacheInputs`.
    const attended = deviceSelfAttention(build, shape, index, [q!, k!, v!], cache as DeviceCache, places, mask!)
    return linear(build, `${attention}.out_proj`, attended)
  }
  onNewKeysValues?.(k!, v!)
  // Inputs 3 and 4 (bias, padding mask) are not used.
  const attentionInputs = [q!, k!, v!, '', '', mask ?? '', cache.pastKey ?? '', cache.pastValue ?? '']
  const attributes = { num_heads: shape.decoderHeads, unidirectional: 1 }
  const [attended, presentKey, presentValue] = g.contrib('MultiHeadAttention', attentionInputs, 3, attributes)
  onPresent?.(presentKey!, presentValue!)
  return linear(build, `${attention}.out_proj`, attended!)
}

/**
 * Attention to the audio. The B rows become W windows with B/W·T queries each: no query sees another, so the rows of
 * one window can share its keys and values.
 */
function crossAttention(
  build: Build,
  shape: ModelShape,
  layer: string,
  x: Value,
  { cache, places, shapes, onQueries }: LayerInputs,
): Value {
  const { g } = build
  const queries = g.op('Reshape', [linear(build, `${layer}.encoder_attn.q_proj`, x), shapes.windows])
  onQueries?.(queries)
  const inputs = [queries, cache.crossKey, cache.crossValue]
  const heads = { keysTurned: cache.crossKey, values: cache.crossValue }
  const attended =
    places === undefined
      ? g.contrib('MultiHeadAttention', inputs, 1, { num_heads: shape.decoderHeads })[0]!
      : plainAttention(build, shape.decoderHeads, shape.dModel, queries, heads)
  return linear(build, `${layer}.encoder_attn.out_proj`, g.op('Reshape', [attended, shapes.rows]))
}

/** Scaled products of the queries and keys of some heads, [W × A × B/W·T × S]; nothing is computed for no heads. */
export function alignmentScores(
  build: Build,
  shape: ModelShape,
  queries: Value,
  {
    cache: { crossKey },
    places,
  }: { readonly cache: Pick<LayerCache, 'crossKey'>; readonly places?: Value | undefined },
  heads: Value,
): Value {
  const { g } = build
  const headSize = shape.dModel / shape.decoderHeads
  const byHead = g.op('Reshape', [queries, g.ints([0, 0, shape.decoderHeads, headSize])])
  const chosen = g.op('Transpose', [g.op('Gather', [byHead, heads], { axis: 2 })], { perm: [0, 2, 1, 3] })
  const ofHeads = g.op('Gather', [crossKey, heads], { axis: 1 })
  const keys = places === undefined ? g.op('Transpose', [ofHeads], { perm: [0, 1, 3, 2] }) : ofHeads
  return g.op('MatMul', [g.op('Mul', [chosen, real(build, 1 / Math.sqrt(headSize))]), keys])
}
