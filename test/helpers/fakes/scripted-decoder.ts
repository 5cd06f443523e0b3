/** A decoder that says what it is told to, row by row, and remembers what it was fed. */

import { type GenerationConfig, standardLayout } from '../../../src/checkpoint/index.ts'
import type { LogitRules, NextTokens, StepDecoder } from '../../../src/whisper/index.ts'

export const VOCAB = 51865
const layout = standardLayout(VOCAB)!

export function special(name: string): number {
  return layout.get(`<|${name}|>`)!
}

export const generation: GenerationConfig = {
  isMultilingual: true,
  eot: special('endoftext'),
  sot: special('startoftranscript'),
  translate: special('translate'),
  transcribe: special('transcribe'),
  sotLm: special('startoflm'),
  sotPrev: special('startofprev'),
  noSpeech: special('nospeech'),
  noTimestamps: special('notimestamps'),
  timestampBegin: special('0.00'),
  addedText: new Set(),
  unsaid: [],
  languageIds: new Map(['en', 'pt', 'es'].map((code) => [code, special(code)])),
  suppressTokens: [1],
  beginSuppressTokens: [220, special('endoftext')],
  alignmentHeads: undefined,
}

/** Logits that are not 0, given what a row has been fed. */
export type Script = (fed: readonly number[], row: number) => Readonly<Record<number, number>>

/** Decoding then looks at logits alone. */
export const ALL_LOGITS: LogitRules = { logitBias: new Float32Array(VOCAB), needsLogits: true }

export class ScriptedDecoder implements StepDecoder {
  readonly nRows: number
  /** All tokens of each row, prompt included. */
  texts: readonly (readonly number[])[]
  nSteps = 0
  readonly #script: Script
  readonly #rules: LogitRules

  constructor(nRows: number, script: Script, rules: LogitRules = ALL_LOGITS) {
    this.nRows = nRows
    this.texts = Array.from({ length: nRows }, () => [])
    this.#script = script
    this.#rules = rules
  }

  get length(): number {
    return this.texts[0]!.length
  }

  async prompt(tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    this.nSteps++
    const nPast = this.length
    this.texts = this.texts.map((text) => [...text, ...tokens])
    return this.#logits(logitsAt.map((position) => this.texts[0]!.slice(0, nPast + position + 1)))
  }

  async step(tokens: readonly number[], parents?: readonly number[]): Promise<NextTokens> {
    this.nSteps++
    const before = this.texts
    this.texts = tokens.map((token, row) => [...before[parents?.[row] ?? row]!, token])
    const logits = this.#logits(this.texts)
    if (this.#rules.needsLogits) return { tokens: new BigInt64Array(0), logprobs: new Float32Array(0), logits }
    return { ...this.#best(logits, this.nRows + 1), logits: undefined }
  }

  #logits(texts: readonly (readonly number[])[]): Float32Array {
    const logits = new Float32Array(texts.length * VOCAB)
    for (const [row, text] of texts.entries()) {
      for (const [token, logit] of Object.entries(this.#script(text, row))) logits[row * VOCAB + Number(token)] = logit
    }
    return logits
  }

  /** What the decoder's graph does: bias, softmax, the likeliest first. */
  #best(logits: Float32Array, nBest: number): Pick<NextTokens, 'tokens' | 'logprobs'> {
    const found = Array.from({ length: this.nRows }, (_, row) => {
      const biased = logits.slice(row * VOCAB, (row + 1) * VOCAB).map((logit, i) => logit + this.#rules.logitBias[i]!)
      const total = Math.log(biased.reduce((sum, logit) => sum + Math.exp(logit), 0))
      return Array.from(biased, (logit, token) => ({ token, logprob: logit - total }))
        .sort((a, b) => b.logprob - a.logprob)
        .slice(0, nBest)
    }).flat()
    return {
      tokens: BigInt64Array.from(found, ({ token }) => BigInt(token)),
      logprobs: Float32Array.from(found, ({ logprob }) => logprob),
    }
  }
}
