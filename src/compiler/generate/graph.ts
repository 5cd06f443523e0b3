/**
 * A model as one graph: samples in, whole texts out. On a device whose memory the runtime's binding cannot address, keys and
 * values would cross to it at every step; here nothing does but a bool that tells whether any text goes on.
 */

import type { ModelShape, TensorSource } from '../../checkpoint/index.ts'
import { GraphBuilder, type Value, type WeightSink } from '../builder.ts'
import {
  type AlignmentHeads,
  addNorm,
  alignmentScores,
  decoderLayer,
  type LayerCache,
  projected,
  type Stream,
} from '../decoder.ts'
import { type CrossKeysValues, encoderLayers } from '../encoder.ts'
import { type Build, fromCompute, type LinearFormat, toCompute, weight } from '../layers.ts'
import { branch, branches, rowsOf, within } from './nodes.ts'
import { allowedFirst, allowedNext, ruleInputs } from './rules.ts'
import {
  advance,
  BEAM_TYPES,
  type Beams,
  beamsOf,
  beamValues,
  bestTexts,
  goesOn,
  lastTokens,
  newBeams,
  type SearchInputs,
  searchInputs,
} from './search.ts'

export interface GenerateGraphOptions {
  readonly alignmentHeads: AlignmentHeads
  readonly encoderFormat: LinearFormat
  readonly decoderFormat: LinearFormat
  /** false: without the encoder, for those who have its `cross_key_L` and `cross_value_L`. */
  readonly hasEncoder: boolean
}

/**
 * The graph of a whole text for each of B windows, found by beam search, of which one beam is greedy search, with the
 * filters and the timestamp rules of `decode/`.
 *
 * Inputs, beside those of `ruleInputs` and `searchInputs`:
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
 * - `ending` [B × 1] of `ENDINGS`.
 * - `no_speech_prob` [B × 1]; `language_probs` [B × N], empty where none is detected.
 * - `alignment_scores` [B × A × Q+L+1 × S] for alignment prompt, text and eot, as the decoder's graph gives them; empty
 *   where they are not asked for.
 */
export function buildGenerate(
  shape: ModelShape,
  tensors: TensorSource,
  sink: WeightSink,
  options: GenerateGraphOptions,
): Uint8Array {
  const g = new GraphBuilder('generate', sink)
  const build: Build = { g, tensors, linearFormat: options.decoderFormat }
  const cross = options.hasEncoder
    ? encodedInPlace({ g, tensors, linearFormat: options.encoderFormat }, build, shape)
    : crossInputs(build, shape)
  const model: Model = { build, shape, cross }
  const rules = ruleInputs(g, shape.vocabSize)
  const search = searchInputs(g, rules.eot)

  const { language, languageProbs } = detectedLanguage(model)
  const prompt = withLanguage(g, g.input('prompt', 'int64', ['B', 'P']), language)
  const promptLength = length(g, prompt)
  const prompted = pass(model, embed(model, prompt, within(g, promptLength)), undefined)
  const last = g.op('Sub', [promptLength, g.ints(1)])
  const sotAt = g.input('sot_at', 'int64', [1])
  const at = g.op('Concat', [sotAt, g.op('Unsqueeze', [last, g.ints([0])])], { axis: 0 })
  const logits = projected(build, g.op('Gather', [prompted.normed, at], { axis: 1 })) // [B × 2 × V]
  const atSot = g.op('Softmax', [g.op('Gather', [logits, g.ints(0)], { axis: 1 })], { axis: 1 })
  const noSpeech = g.op('Gather', [atSot, g.input('no_speech', 'int64', [1])], { axis: 1 })

  // The prompt is the same for a window's K texts: what was computed for it once stands for all.
  const first = allowedFirst(g, rules, g.op('Gather', [logits, g.ints([1])], { axis: 1 }))
  const windows = rowsOf(g, prompt)
  const rows = g.op('Squeeze', [g.op('Mul', [windows, search.beams])])
  const windowOf = g.op('Div', [within(g, rows), search.beams]) // [B·K]
  const begun = advance(g, search, newBeams(g, search, windows), g.op('Gather', [first, windowOf]))
  const past = gathered(g, prompted.presents, g.op('Div', [begun.parents, search.beams]))
  const beams = repeat(model, search, begun.beams, past, promptLength, (logits, said) => {
    const byWindow = g.op('Concat', [g.ints([-1]), search.beams, g.ints([shape.vocabSize])], { axis: 0 })
    return allowedNext(g, rules, g.op('Reshape', [logits, byWindow]), said)
  })
  const { tokens, logprobs, ending } = bestTexts(g, search, beams)
  g.output('tokens', tokens, 'int64', ['B', 'L'])
  g.output('logprobs', logprobs, 'float32', ['B', 'L'])
  g.output('ending', ending, 'int64', ['B', 1])
  g.output('no_speech_prob', noSpeech, 'float32', ['B', 1])
  g.output('language_probs', languageProbs, 'float32', ['B', 'N'])
  const scores = alignment(model, options.alignmentHeads, { language, tokens, eot: rules.eot })
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

/** T tokens of each row through the decoder's layers, behind their past; as many rows for each window as for any other. */
function pass(
  { build, shape, cross }: Model,
  x: Value,
  past: Past | undefined,
  onQueries?: (layer: number) => ((queries: Value) => void) | undefined,
): { readonly normed: Value; readonly presents: Past } {
  const { g } = build
  const presents: Pick<LayerCache, 'pastKey' | 'pastValue'>[] = []
  const windows = g.op('Concat', [rowsOf(g, cross[0]!.key), g.ints([-1, shape.dModel])], { axis: 0 })
  const shapes = { rows: g.op('Shape', [x]), windows }
  let stream: Stream = { sum: x, branch: undefined }
  for (const [layer, { key, value }] of cross.entries()) {
    const before = past?.[layer]
    stream = decoderLayer(build, shape, layer, stream, {
      cache: { pastKey: before?.pastKey, pastValue: before?.pastValue, crossKey: key, crossValue: value },
      mask: undefined,
      shapes,
      onQueries: onQueries?.(layer),
      onPresent: (pastKey, pastValue) => presents.push({ pastKey, pastValue }),
    })
  }
  return { normed: addNorm(build, 'decoder.layer_norm', stream).normed, presents }
}

/** Takes a step after another until all windows are done, or their texts are as long as they may be. */
function repeat(
  model: Model,
  search: SearchInputs,
  first: Beams,
  past: Past,
  promptLength: Value,
  allowed: (logits: Value, said: Value) => Value,
): Beams {
  const { build, shape } = model
  const { g } = build
  const real = build.linearFormat === 'float16' ? 'float16' : 'float32'
  const inputs = [
    ...BEAM_TYPES.map(([name, type]) => ({ name, type })),
    ...past.flatMap((_, layer) => [
      { name: `past_key_${layer}`, type: real } as const,
      { name: `past_value_${layer}`, type: real } as const,
    ]),
  ]
  const step = { name: 'step', type: 'int64', isScalar: true } as const
  const condition = { name: 'goes_on', type: 'bool', isScalar: true } as const
  const body = g.body('step', [step, condition, ...inputs], () => {
    const before = beamsOf(BEAM_TYPES.map(([name]) => name))
    const position = g.op('Unsqueeze', [g.op('Add', [step.name, promptLength]), g.ints([0])])
    const x = embed(model, lastTokens(g, before), position)
    const pasts = past.map((_, layer) => ({ pastKey: `past_key_${layer}`, pastValue: `past_value_${layer}` }))
    const { normed, presents } = pass(model, x, pasts)
    const logits = g.op('Reshape', [projected(build, normed), g.ints([-1, shape.vocabSize])])
    const { beams, parents } = advance(g, search, before, allowed(logits, before.running.said))
    const outputs = [...beamValues(beams), ...flat(gathered(g, presents, parents))]
    return [[goesOn(g, search, beams), 'bool'], ...outputs.map((value, i) => [value, inputs[i]!.type] as const)]
  })
  const initial = [...beamValues(first), ...flat(past)]
  const steps = g.input('max_steps', 'int64', [])
  return beamsOf(g.ops('Loop', [steps, goesOn(g, search, first), ...initial], initial.length, { body }))
}

/** The past of other rows. */
function gathered(g: GraphBuilder, past: Past, rows: Value): Past {
  return past.map(({ pastKey, pastValue }) => ({
    pastKey: g.op('Gather', [pastKey!, rows]), // of a pass, which has both
    pastValue: g.op('Gather', [pastValue!, rows]),
  }))
}

function flat(past: Past): Value[] {
  return past.flatMap(({ pastKey, pastValue }) => [pastKey!, pastValue!]) // the same
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
      const positions = g.op('Min', [within(g, length(g, whole)), g.ints(shape.maxTextContext - 1)])
      const scores: Value[] = []
      pass(model, embed(model, whole, positions), undefined, (layer) => {
        const ofLayer = heads.filter(([inLayer]) => inLayer === layer).map(([, head]) => head)
        if (ofLayer.length === 0) return undefined
        const cache = { crossKey: cross[layer]!.key }
        return (queries) => scores.push(alignmentScores(build, shape, queries, { cache }, g.ints(ofLayer)))
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
