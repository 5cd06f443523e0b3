/** One decoding step: T tokens for each row, with the keys and values of everything before them. */

import type { ModelShape, TensorSource } from '../checkpoint/index.ts'
import { GraphBuilder, type Value, type WeightSink } from './builder.ts'
import { type Build, feedForward, type LinearFormat, layerNorm, linear, timesTransposed, weight } from './layers.ts'

export interface DecoderGraphOptions {
  readonly alignmentHeads: AlignmentHeads
  readonly linearFormat: LinearFormat
}

/**
 * The decoder's graph.
 *
 * Inputs: `tokens` [B × T]; `logits_at` [K], the positions among the T whose logits are wanted, because projecting a
 * long prompt onto the vocabulary would cost more than the rest of the step; per layer L `past_key_L`, `past_value_L`
 * [B × H × P × D/H] and `cross_key_L`, `cross_value_L` [W × H × S × D/H]. B is a multiple of W: the rows of one
 * window (its beams) share that window's cross-attention instead of each holding a copy.
 *
 * Outputs: `logits` [B × K × V]; per layer `present_key_L`, `present_value_L` [B × H × (P+T) × D/H]; and
 * `alignment_scores` [W × A × B/W·T × S], the scaled products of queries and keys, before softmax, of the A heads by
 * which words are aligned. They cost nothing next to the rest of a step, and whoever does not ask gets no copy.
 *
 * @see openai/whisper:whisper/model.py `TextDecoder`
 */
export function buildDecoder(
  shape: ModelShape,
  tensors: TensorSource,
  sink: WeightSink,
  { alignmentHeads, linearFormat }: DecoderGraphOptions,
): Uint8Array {
  const g = new GraphBuilder('decoder', sink)
  const build: Build = { g, tensors, linearFormat }
  const tokens = g.input('tokens', 'int64', ['B', 'T'])
  const logitsAt = g.input('logits_at', 'int64', ['K'])
  const caches = Array.from({ length: shape.decoderLayers }, (_, layer) => cacheInputs(g, shape, layer))

  const embeddings = weight(build, 'decoder.embed_tokens.weight') // [V × D]
  let x = g.op('Add', [g.op('Gather', [embeddings, tokens]), positions(build, tokens, caches[0]!.pastKey)]) // [B × T × D]
  const scores: Value[] = []
  caches.forEach((cache, layer) => {
    const heads = alignmentHeads.filter(([ofLayer]) => ofLayer === layer).map(([, head]) => head)
    const onScores = (ofLayer: Value) => scores.push(g.op('Gather', [ofLayer, g.ints(heads)], { axis: 1 }))
    x = decoderLayer(build, shape, layer, x, cache, heads.length > 0 ? onScores : undefined)
  })
  const alignment = scores.length === 1 ? scores[0]! : g.op('Concat', scores, { axis: 1 })
  g.output('alignment_scores', alignment, 'float32', ['W', alignmentHeads.length, 'B/W*T', 'S'])

  const wanted = layerNorm(build, 'decoder.layer_norm', g.op('Gather', [x, logitsAt], { axis: 1 })) // [B × K × D]
  g.output('logits', projected(build, wanted, embeddings), 'float32', ['B', 'K', shape.vocabSize])
  return g.finish()
}

/** (layer, head) pairs of cross-attention, at least one. */
export type AlignmentHeads = readonly (readonly [layer: number, head: number])[]

/**
 * The heads that a checkpoint names, else all heads of the upper half of the decoder's layers, where attention follows
 * the audio most closely.
 *
 * @see openai/whisper:whisper/model.py `Whisper.__init__` — the same default.
 */
export function alignmentHeadsOf(shape: ModelShape, named: AlignmentHeads | undefined): AlignmentHeads {
  if (named !== undefined && named.length > 0) return named
  const firstLayer = Math.floor(shape.decoderLayers / 2)
  return Array.from({ length: shape.decoderLayers - firstLayer }, (_, i) =>
    Array.from({ length: shape.decoderHeads }, (_, head) => [firstLayer + i, head] as const),
  ).flat()
}

/** Products with every token's vector, [B × K × V]. Tied to the embeddings unless the checkpoint stores a matrix. */
function projected(build: Build, x: Value, embeddings: Value): Value {
  const { g, tensors, linearFormat } = build
  const name = tensors.has('proj_out.weight') ? 'proj_out.weight' : 'decoder.embed_tokens.weight'
  if (linearFormat === 'blocks8') return timesTransposed(build, name, x)
  // Gemm can turn the matrix over by itself, so that the embeddings serve twice and are stored once.
  const [vocabSize, dModel] = tensors.shape(name) as [number, number] // checked when the checkpoint was opened
  const matrix = name === 'proj_out.weight' ? weight(build, name) : embeddings
  const flat = g.op('Gemm', [g.op('Reshape', [x, g.ints([-1, dModel])]), matrix], { transB: 1 })
  const batch = g.op('Slice', [g.op('Shape', [x]), g.ints([0]), g.ints([2])])
  return g.op('Reshape', [flat, g.op('Concat', [batch, g.ints([vocabSize])], { axis: 0 })])
}

interface LayerCache {
  readonly pastKey: Value
  readonly pastValue: Value
  readonly crossKey: Value
  readonly crossValue: Value
}

function cacheInputs(g: GraphBuilder, shape: ModelShape, layer: number): LayerCache {
  const dims = (rows: string, length: string) => [rows, shape.decoderHeads, length, shape.dModel / shape.decoderHeads]
  return {
    pastKey: g.input(`past_key_${layer}`, 'float32', dims('B', 'P')),
    pastValue: g.input(`past_value_${layer}`, 'float32', dims('B', 'P')),
    crossKey: g.input(`cross_key_${layer}`, 'float32', dims('W', 'S')),
    crossValue: g.input(`cross_value_${layer}`, 'float32', dims('W', 'S')),
  }
}

/** Vectors of positions P … P+T-1, [T × D]. */
function positions(build: Build, tokens: Value, pastKey: Value): Value {
  const { g } = build
  const nPast = g.op('Slice', [g.op('Shape', [pastKey]), g.ints([2]), g.ints([3])])
  const nNew = g.op('Slice', [g.op('Shape', [tokens]), g.ints([1]), g.ints([2])])
  const table = weight(build, 'decoder.embed_positions.weight')
  return g.op('Slice', [table, nPast, g.op('Add', [nPast, nNew]), g.ints([0])])
}

function decoderLayer(
  build: Build,
  shape: ModelShape,
  index: number,
  x: Value,
  cache: LayerCache,
  onScores: ((scores: Value) => void) | undefined,
): Value {
  const { g } = build
  const layer = `decoder.layers.${index}`

  const attended = selfAttention(build, shape, index, layerNorm(build, `${layer}.self_attn_layer_norm`, x), cache)
  const afterSelf = g.op('Add', [x, attended])

  const crossInput = layerNorm(build, `${layer}.encoder_attn_layer_norm`, afterSelf)
  const crossed = crossAttention(build, shape, layer, crossInput, cache, onScores)
  const afterCross = g.op('Add', [afterSelf, crossed])

  return g.op('Add', [afterCross, feedForward(build, layer, afterCross)])
}

function selfAttention(build: Build, shape: ModelShape, index: number, x: Value, cache: LayerCache): Value {
  const { g } = build
  const attention = `decoder.layers.${index}.self_attn`
  const [q, k, v] = ['q', 'k', 'v'].map((part) => linear(build, `${attention}.${part}_proj`, x))
  // Inputs 4 to 6 (bias, padding mask, attention bias) are not used.
  const inputs = [q!, k!, v!, '', '', '', cache.pastKey, cache.pastValue]
  const [attended, presentKey, presentValue] = g.contrib('MultiHeadAttention', inputs, 3, {
    num_heads: shape.decoderHeads,
    unidirectional: 1,
  })
  const dims = ['B', shape.decoderHeads, 'P+T', shape.dModel / shape.decoderHeads]
  g.output(`present_key_${index}`, presentKey!, 'float32', dims)
  g.output(`present_value_${index}`, presentValue!, 'float32', dims)
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
  cache: LayerCache,
  onScores: ((scores: Value) => void) | undefined,
): Value {
  const { g } = build
  const q = linear(build, `${layer}.encoder_attn.q_proj`, x) // [B × T × D]
  const nWindows = g.op('Slice', [g.op('Shape', [cache.crossKey]), g.ints([0]), g.ints([1])])
  const perWindow = g.op('Concat', [nWindows, g.ints([-1, shape.dModel])], { axis: 0 })
  const inputs = [g.op('Reshape', [q, perWindow]), cache.crossKey, cache.crossValue]
  // Outputs 1 and 2 would be copies of the keys and values.
  const outputs = g.contrib('MultiHeadAttention', inputs, onScores ? 4 : 1, { num_heads: shape.decoderHeads }, [1, 2])
  const [attended, , , scores] = outputs
  if (onScores) {
    // Without the outputs left out, onnxruntime cannot tell this one's type.
    g.declare(scores!, 'float32', ['W', shape.decoderHeads, 'B/W*T', 'S'])
    onScores(scores!)
  }
  const perRow = g.op('Reshape', [attended!, g.op('Shape', [q])])
  return linear(build, `${layer}.encoder_attn.out_proj`, perRow)
}
