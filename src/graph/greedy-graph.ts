/**
 * A model as one graph: samples in, whole texts out. On a device whose memory the runtime's binding cannot address, keys and
 * values would cross to it at every step; here nothing does but a bool that tells whether any text goes on.
 */

import type { ModelShape, TensorSource } from '../checkpoint/index.ts'
import { GraphBuilder, type Value, type WeightSink } from './builder.ts'
import {
  type AlignmentHeads,
  addNorm,
  alignmentScores,
  decoderLayer,
  type LayerCache,
  projected,
  type Stream,
} from './decoder.ts'
import { type CrossKeysValues, encoderLayers } from './encoder.ts'
import {
  beginTexts,
  branch,
  branches,
  columns,
  continueTexts,
  goesOn,
  LOOKBACK,
  lastToken,
  rowsOf,
  searchInputs,
  type Texts,
} from './greedy-search.ts'
import { type Build, fromCompute, type LinearFormat, toCompute, weight } from './layers.ts'

export interface GreedyGraphOptions {
  readonly alignmentHeads: AlignmentHeads
  readonly encoderFormat: LinearFormat
  readonly decoderFormat: LinearFormat
  /** false: without the encoder, for those who have its `cross_key_L` and `cross_value_L`. */
  readonly hasEncoder: boolean
}

/**
 * The graph of a whole text for each of B windows: greedy, with the filters, the timestamp rules and the end of loops of
 * `decode/`.
 *
 * Inputs, beside those of `searchInputs`:
 * - `samples` [B × N] as the encoder's, or `cross_key_L`, `cross_value_L` [B × H × S × D/H].
 * - `prompt` [B × P]: what each text begins with; -1 in the language's place where it is to be detected.
 * - `sot_at` [1]: the place of sot in it.
 * - `detect_language` bool, `language_ids` [N]: the languages to choose among, at least one where that is true.
 * - `no_speech` [1]: the token whose probability at sot says that nobody speaks.
 * - `max_steps`: how many tokens a text may have beyond its first.
 * - `alignment_prompt` [B × Q], `has_alignment` bool: what comes before each text where it is aligned; -1 as above.
 *
 * Outputs:
 * - `tokens`, `logprobs` [B × L]: eot and 0 behind the end of a text that is shorter than the longest.
 * - `no_speech_prob` [B × 1]; `language_probs` [B × N], empty where none is detected.
 * - `alignment_scores` [B × A × Q+L+1 × S] for alignment prompt, text and eot, as the decoder's graph gives them; empty
 *   where they are not asked for.
 */
export function buildGreedy(
  shape: ModelShape,
  tensors: TensorSource,
  sink: WeightSink,
  options: GreedyGraphOptions,
): Uint8Array {
  const g = new GraphBuilder('greedy', sink)
  const build: Build = { g, tensors, linearFormat: options.decoderFormat }
  const cross = options.hasEncoder
    ? encodedInPlace({ g, tensors, linearFormat: options.encoderFormat }, build, shape)
    : crossInputs(build, shape)
  const model: Model = { build, shape, cross }
  const search = searchInputs(g, shape.vocabSize)

  const { language, languageProbs } = detectedLanguage(model)
  const prompt = withLanguage(g, g.input('prompt', 'int64', ['B', 'P']), language)
  const promptLength = length(g, prompt)
  const prompted = pass(model, embed(model, prompt, upTo(g, promptLength)), undefined)
  const last = g.op('Sub', [promptLength, g.ints(1)])
  const sotAt = g.input('sot_at', 'int64', [1])
  const at = g.op('Concat', [sotAt, g.op('Unsqueeze', [last, g.ints([0])])], { axis: 0 })
  const logits = projected(build, g.op('Gather', [prompted.normed, at], { axis: 1 })) // [B × 2 × V]
  const atSot = g.op('Softmax', [g.op('Gather', [logits, g.ints(0)], { axis: 1 })], { axis: 1 })
  const noSpeech = g.op('Gather', [atSot, g.input('no_speech', 'int64', [1])], { axis: 1 })

  const first = beginTexts(g, search, g.op('Gather', [logits, g.ints(1)], { axis: 1 }), shape.vocabSize)
  const texts = repeat(model, first, prompted.presents, promptLength, (before, logits) =>
    continueTexts(g, search, before, logits, shape.vocabSize),
  )
  const tokens = columns(g, texts.said, LOOKBACK, undefined)
  g.output('tokens', tokens, 'int64', ['B', 'L'])
  g.output('logprobs', texts.logprobs, 'float32', ['B', 'L'])
  g.output('no_speech_prob', noSpeech, 'float32', ['B', 1])
  g.output('language_probs', languageProbs, 'float32', ['B', 'N'])
  const scores = alignment(model, options.alignmentHeads, { language, tokens, eot: search.eot })
  g.output('alignment_scores', scores, 'float32', ['B', 'A', 'Q+L+1', 'S'])
  return g.finish()
}

interface Model {
  readonly build: Build
  readonly shape: ModelShape
  /** Of each decoder layer. */
  readonly cross: readonly CrossKeysValues[]
}

function encodedInPlace(encoder: Build, decoder: Build, shape: ModelShape): readonly CrossKeysValues[] {
  const { cross } = encoderLayers(encoder, shape, encoder.g.input('samples', 'float32', ['B', 'N']))
  if (encoder.linearFormat === decoder.linearFormat) return cross
  const converted = (value: Value) => toCompute(decoder, fromCompute(encoder, value))
  return cross.map(({ key, value }) => ({ key: converted(key), value: converted(value) }))
}

function crossInputs(build: Build, shape: ModelShape): readonly CrossKeysValues[] {
  const dims = ['B', shape.decoderHeads, 'S', shape.dModel / shape.decoderHeads]
  const input = (name: string) => toCompute(build, build.g.input(name, 'float32', dims))
  return Array.from({ length: shape.decoderLayers }, (_, layer) => ({
    key: input(`cross_key_${layer}`),
    value: input(`cross_value_${layer}`),
  }))
}

// ── the decoder ─────────────────────────────────────────────────────────────────────────────────────────────────────

type Past = readonly Pick<LayerCache, 'pastKey' | 'pastValue'>[]

/**
 * The vectors of tokens at their places, [B × T × D].
 *
 * @param tokens     [B × T]
 * @param positions  [T]
 */
function embed({ build }: Model, tokens: Value, positions: Value): Value {
  const { g, tensors, linearFormat } = build
  const name = 'decoder.embed_tokens.weight'
  // Beside 8-bit layers half precision is enough, as in `embeddings.ts`; else it is the projection's matrix too.
  const isHalf = linearFormat === 'blocks8' || linearFormat === 'smoothed8'
  const table = isHalf ? g.weight(name, tensors.shape(name), new Float16Array(tensors.read(name))) : weight(build, name)
  const vectors = g.op('Gather', [table, tokens])
  const places = g.op('Gather', [weight(build, 'decoder.embed_positions.weight'), positions])
  return g.op('Add', [isHalf ? g.cast(vectors, 'float32') : vectors, places])
}

/** T tokens of each row through the decoder's layers, behind their past. */
function pass(
  { build, shape, cross }: Model,
  x: Value,
  past: Past | undefined,
  onQueries?: (layer: number) => ((queries: Value) => void) | undefined,
): { readonly normed: Value; readonly presents: Past } {
  const { g } = build
  const presents: Pick<LayerCache, 'pastKey' | 'pastValue'>[] = []
  const rows = g.op('Shape', [x])
  let stream: Stream = { sum: x, branch: undefined }
  for (const [layer, { key, value }] of cross.entries()) {
    const before = past?.[layer]
    stream = decoderLayer(build, shape, layer, stream, {
      cache: { pastKey: before?.pastKey, pastValue: before?.pastValue, crossKey: key, crossValue: value },
      mask: undefined,
      shapes: { rows, windows: rows }, // each row is a window of its own
      onQueries: onQueries?.(layer),
      onPresent: (pastKey, pastValue) => presents.push({ pastKey, pastValue }),
    })
  }
  return { normed: addNorm(build, 'decoder.layer_norm', stream).normed, presents }
}

/** Takes a step after another until all texts have ended or are as long as they may be. */
function repeat(
  model: Model,
  first: Texts,
  past: Past,
  promptLength: Value,
  next: (before: Texts, logits: Value) => Texts,
): Texts {
  const { build, shape } = model
  const { g } = build
  const real = build.linearFormat === 'float16' ? 'float16' : 'float32'
  const inputs = [
    { name: 'said', type: 'int64' },
    { name: 'said_logprobs', type: 'float32' },
    { name: 'ended', type: 'bool' },
    { name: 'repeats', type: 'int64' },
    ...past.flatMap((_, layer) => [
      { name: `past_key_${layer}`, type: real } as const,
      { name: `past_value_${layer}`, type: real } as const,
    ]),
  ] as const
  const step = { name: 'step', type: 'int64', isScalar: true } as const
  const condition = { name: 'goes_on', type: 'bool', isScalar: true } as const
  const body = g.body('step', [step, condition, ...inputs], () => {
    const before: Texts = { said: 'said', logprobs: 'said_logprobs', ended: 'ended', repeats: 'repeats' }
    const position = g.op('Unsqueeze', [g.op('Add', [step.name, promptLength]), g.ints([0])])
    const x = embed(model, lastToken(g, before), position)
    const pasts = past.map((_, layer) => ({ pastKey: `past_key_${layer}`, pastValue: `past_value_${layer}` }))
    const { normed, presents } = pass(model, x, pasts)
    const logits = g.op('Reshape', [projected(build, normed), g.ints([-1, shape.vocabSize])])
    const after = next(before, logits)
    const outputs = [after.said, after.logprobs, after.ended, after.repeats, ...flat(presents)]
    return [[goesOn(g, after), 'bool'], ...outputs.map((value, i) => [value, inputs[i]!.type] as const)]
  })
  const initial = [first.said, first.logprobs, first.ended, first.repeats, ...flat(past)]
  const steps = g.input('max_steps', 'int64', [])
  const [said, logprobs, ended, repeats] = g.ops('Loop', [steps, goesOn(g, first), ...initial], initial.length, {
    body,
  })
  return { said: said!, logprobs: logprobs!, ended: ended!, repeats: repeats! }
}

function flat(past: Past): Value[] {
  return past.flatMap(({ pastKey, pastValue }) => [pastKey!, pastValue!]) // of a pass, which has both
}

// ── language and alignment ──────────────────────────────────────────────────────────────────────────────────────────

/** [B × 1] the likeliest language's token, and [B × N] the probability of each; of no use where none is detected. */
function detectedLanguage(model: Model): { readonly language: Value; readonly languageProbs: Value } {
  const { build, shape, cross } = model
  const { g } = build
  const ids = g.input('language_ids', 'int64', ['N'])
  const sot = g.input('sot', 'int64', [])
  const rows = rowsOf(g, cross[0]!.key)
  const column = (value: Value, nColumns: number) =>
    g.op('Expand', [value, g.op('Concat', [rows, g.ints([nColumns])], { axis: 0 })])
  const [language, languageProbs] = branches(g, g.input('detect_language', 'bool', []), ['int64', 'float32'], {
    yes: () => {
      const { normed } = pass(model, embed(model, column(sot, 1), g.ints([0])), undefined)
      const logits = g.op('Reshape', [projected(build, normed), g.ints([-1, shape.vocabSize])])
      const probs = g.op('Softmax', [g.op('Gather', [logits, ids], { axis: 1 })], { axis: 1 })
      return [g.op('Gather', [ids, g.op('ArgMax', [probs], { axis: 1, keepdims: 1 })]), probs]
    },
    no: () => [column(g.ints(0), 1), column(g.scalar(0), 0)],
  })
  return { language: language!, languageProbs: languageProbs! }
}

function withLanguage(g: GraphBuilder, tokens: Value, language: Value): Value {
  return g.op('Where', [g.op('Less', [tokens, g.ints(0)]), language, tokens])
}

/** Where the heads look while each text is said once more, behind a prompt of its own. */
function alignment(
  model: Model,
  heads: AlignmentHeads,
  { language, tokens, eot }: { readonly language: Value; readonly tokens: Value; readonly eot: Value },
): Value {
  const { build, shape, cross } = model
  const { g } = build
  const prompt = g.input('alignment_prompt', 'int64', ['B', 'Q'])
  return branch(g, g.input('has_alignment', 'bool', []), {
    yes: () => {
      const end = g.op('Expand', [eot, g.op('Concat', [rowsOf(g, tokens), g.ints([1])], { axis: 0 })])
      const whole = g.op('Concat', [withLanguage(g, prompt, language), tokens, end], { axis: 1 })
      // The longest texts have an eot for which there is no place; nobody looks at it.
      const positions = g.op('Min', [upTo(g, length(g, whole)), g.ints(shape.maxTextContext - 1)])
      const scores: Value[] = []
      pass(model, embed(model, whole, positions), undefined, (layer) => {
        const ofLayer = heads.filter(([inLayer]) => inLayer === layer).map(([, head]) => head)
        if (ofLayer.length === 0) return undefined
        const cache = { crossKey: cross[layer]!.key }
        return (queries) => scores.push(alignmentScores(build, shape, queries, cache, g.ints(ofLayer)))
      })
      return fromCompute(build, scores.length === 1 ? scores[0]! : g.op('Concat', scores, { axis: 1 }))
    },
    no: () => fromCompute(build, g.op('Slice', [cross[0]!.key, g.ints([0]), g.ints([0])])),
  })
}

/** The number of columns, a scalar. */
function length(g: GraphBuilder, x: Value): Value {
  return g.op('Gather', [g.op('Shape', [x]), g.ints(1)])
}

/** [N] 0, 1, … below a scalar. */
function upTo(g: GraphBuilder, end: Value): Value {
  return g.op('Range', [g.ints(0), end, g.ints(1)])
}
