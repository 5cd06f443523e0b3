/** The generate graph, opened: encoder, the whole search and alignment for several windows in one run. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { AudioFeatures } from '../decoder-graph.ts'
import { type SessionSettings, sessionOptions } from '../session.ts'

/** One window's text to be. All of a run have the same rules, prompts of one length, and alignment prompts of one length. */
export interface GenerateRequest {
  /** [P], sot included; `DETECT` in the language's place where it is to be detected. */
  readonly prompt: readonly number[]
  /** Tokens before the text when its words are aligned; undefined: they are not. */
  readonly alignmentPrompt: readonly number[] | undefined
  /** [V], added to the logits: 0, or -∞ for what is never said. */
  readonly logitBias: Float32Array
  /** Tokens that are not said as the first. */
  readonly suppressAtBegin: readonly number[]
  /** A text ends that repeats a phrase over so many tokens. */
  readonly longestRepeat: number
  readonly rules: GenerateRules
}

/** Rules that the windows of a run must agree on. */
export interface GenerateRules {
  /** A text may have so many tokens, eot included. */
  readonly maxTokens: number
  readonly eot: number
  readonly sot: number
  readonly noSpeech: number
  /** Timestamp tokens by Whisper's rules. */
  readonly withTimestamps: boolean
  /** The first timestamp token, and the last that a text may begin with. */
  readonly timestampBegin: number
  readonly latestFirst: number
  /** K hypotheses of each window are carried on, 1: greedily; and it is done when so many have ended. */
  readonly beamSize: number
  readonly enough: number
  /** undefined: texts are compared by the average of their log-probabilities. */
  readonly lengthPenalty: number | undefined
  /** Tokens of the languages to choose among where a prompt has none. */
  readonly languageIds: readonly number[]
}

export interface GeneratedText {
  /** Without prompt and eot. */
  readonly tokens: readonly number[]
  /** Natural logarithm of the probability of each token, eot's last where it was reached. */
  readonly logprobs: readonly number[]
  readonly ended: 'eot' | 'loop' | 'length'
  readonly noSpeechProb: number
  /** Probability of each of `languageIds`, where the language was detected. */
  readonly languageProbs: readonly number[] | undefined
  /** [A × T × S] of alignment prompt, text and eot, where they were to be aligned. */
  readonly alignmentScores: Float32Array | undefined
}

/** Endings by the graph's number for them: eot was reached, the text repeats itself, or neither. */
const ENDINGS: readonly GeneratedText['ended'][] = ['eot', 'loop', 'length']

/** In the language's place of a prompt: it is to be detected. */
export const DETECT = -1

/** Sound of the windows: [B × N] samples, or an encoder's features of it, with B rows. */
export type WindowSound = { readonly samples: readonly Float32Array[] } | { readonly features: AudioFeatures }

export class GenerateSession implements AsyncDisposable {
  readonly #session: InferenceSession

  private constructor(session: InferenceSession) {
    this.#session = session
  }

  static async open(path: string, settings: SessionSettings): Promise<GenerateSession> {
    return new GenerateSession(await InferenceSession.create(path, sessionOptions(settings)))
  }

  /**
   * @param windows  B, at least one.
   * @throws the runtime's error; `isOutOfMemory` tells whether fewer windows might do.
   */
  async generate(sound: WindowSound, windows: readonly GenerateRequest[]): Promise<GeneratedText[]> {
    const { rules } = windows[0]!
    const outputs = await this.#session.run({
      ...soundInputs(sound),
      ...ruleInputs(rules),
      ...windowInputs(windows, rules),
    })
    return windows.map((window, row) => textOf(outputs, row, window, rules))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }
}

function soundInputs(sound: WindowSound): Readonly<Record<string, Tensor>> {
  if ('features' in sound) return sound.features
  const { samples } = sound
  const length = samples[0]!.length
  const all = new Float32Array(samples.length * length)
  for (const [row, ofRow] of samples.entries()) all.set(ofRow, row * length)
  return { samples: new Tensor('float32', all, [samples.length, length]) }
}

function ruleInputs(rules: GenerateRules): Record<string, Tensor> {
  return {
    max_steps: ints([rules.maxTokens - 1], []),
    eot: ints([rules.eot], []),
    sot: ints([rules.sot], []),
    no_speech: ints([rules.noSpeech], [1]),
    with_timestamps: flag(rules.withTimestamps),
    timestamp_begin: ints([rules.timestampBegin], [1]),
    latest_first: ints([rules.latestFirst], []),
    beams: ints([rules.beamSize], [1]),
    enough: ints([rules.enough], []),
    length_penalty: new Tensor('float32', Float32Array.of(rules.lengthPenalty ?? 1), []),
    has_length_penalty: flag(rules.lengthPenalty !== undefined),
    language_ids: ints(rules.languageIds, [rules.languageIds.length]),
  }
}

function windowInputs(windows: readonly GenerateRequest[], rules: GenerateRules): Record<string, Tensor> {
  const prompts = windows.map(({ prompt }) => prompt)
  const alignmentPrompts = windows.map(({ alignmentPrompt }) => alignmentPrompt ?? [])
  return {
    prompt: ints(prompts.flat(), [windows.length, prompts[0]!.length]),
    sot_at: ints([prompts[0]!.indexOf(rules.sot)], [1]),
    detect_language: flag(prompts.some((prompt) => prompt.includes(DETECT))),
    alignment_prompt: ints(alignmentPrompts.flat(), [windows.length, alignmentPrompts[0]!.length]),
    has_alignment: flag(windows[0]!.alignmentPrompt !== undefined),
    longest_repeat: ints(
      windows.map(({ longestRepeat }) => longestRepeat),
      [windows.length, 1],
    ),
    token_bias: bias(windows.map(({ logitBias }) => logitBias)),
    begin_bias: bias(beginBiases(windows)),
  }
}

/** One and the same for windows with the same list. */
function beginBiases(windows: readonly GenerateRequest[]): Float32Array[] {
  const made = new Map<readonly number[], Float32Array>()
  return windows.map(({ suppressAtBegin, logitBias }) => {
    const known = made.get(suppressAtBegin)
    if (known) return known
    const bias = new Float32Array(logitBias.length)
    for (const token of suppressAtBegin) bias[token] = Number.NEGATIVE_INFINITY
    made.set(suppressAtBegin, bias)
    return bias
  })
}

/** One row for all where they agree. */
function bias(rows: readonly Float32Array[]): Tensor {
  const first = rows[0]!
  if (rows.every((row) => row === first)) return new Tensor('float32', first, [1, 1, first.length])
  const all = new Float32Array(rows.length * first.length)
  for (const [i, row] of rows.entries()) all.set(row, i * first.length)
  return new Tensor('float32', all, [rows.length, 1, first.length])
}

function ints(values: readonly number[], dims: readonly number[]): Tensor {
  return new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
}

function flag(value: boolean): Tensor {
  return new Tensor('bool', Uint8Array.of(value ? 1 : 0), [])
}

function textOf(
  outputs: InferenceSession.OnnxValueMapType,
  row: number,
  window: GenerateRequest,
  { eot }: GenerateRules,
): GeneratedText {
  const [tokens, logprobs] = [outputs.tokens as Tensor, outputs.logprobs as Tensor] // the graph's outputs are tensors
  const longest = tokens.dims[1]!
  const all = Array.from((tokens.data as BigInt64Array).subarray(row * longest, (row + 1) * longest), Number)
  const end = all.indexOf(eot)
  const length = end < 0 ? longest : end
  const ended = ENDINGS[Number((outputs.ending!.data as BigInt64Array)[row]!)]!
  const nLogprobs = length + (ended === 'eot' ? 1 : 0)
  const isDetected = window.prompt.includes(DETECT)
  const { alignmentPrompt } = window
  const nAligned = (alignmentPrompt?.length ?? 0) + length + 1
  return {
    tokens: all.slice(0, length),
    logprobs: Array.from((logprobs.data as Float32Array).subarray(row * longest, row * longest + nLogprobs)),
    ended,
    noSpeechProb: (outputs.no_speech_prob!.data as Float32Array)[row]!,
    languageProbs: isDetected ? Array.from(rowOf(outputs.language_probs as Tensor, row)) : undefined,
    alignmentScores: alignmentPrompt && scoresOf(outputs.alignment_scores as Tensor, row, nAligned),
  }
}

function rowOf(tensor: Tensor, row: number): Float32Array {
  const size = tensor.size / tensor.dims[0]!
  return (tensor.data as Float32Array).subarray(row * size, (row + 1) * size)
}

/** The first T of the tokens that are aligned in a batch: of [B × A × T' × S] one row's [A × T × S]. */
function scoresOf(scores: Tensor, row: number, nTokens: number): Float32Array {
  const [, nHeads, most, audioContext] = scores.dims as [number, number, number, number] // as the graph declares them
  const all = rowOf(scores, row)
  const found = new Float32Array(nHeads * nTokens * audioContext)
  for (let head = 0; head < nHeads; head++) {
    const from = head * most * audioContext
    found.set(all.subarray(from, from + nTokens * audioContext), head * nTokens * audioContext)
  }
  return found
}
