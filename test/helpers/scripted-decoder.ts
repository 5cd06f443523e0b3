/** A decoder that says what it is told to, row by row, and remembers what it was fed. */

import { type GenerationConfig, standardLayout } from '../../src/checkpoint/index.ts'
import type { TextDecoder } from '../../src/decode/index.ts'

const VOCAB = 51865
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
  languageIds: new Map(['en', 'pt', 'es'].map((code) => [code, special(code)])),
  suppressTokens: [1],
  beginSuppressTokens: [220, special('endoftext')],
  alignmentHeads: undefined,
}

/** Logits that are not 0, given what a row has been fed. */
export type Script = (fed: readonly number[], row: number) => Readonly<Record<number, number>>

export class ScriptedDecoder implements TextDecoder {
  readonly nRows: number
  /** All tokens of each row, prompt included. */
  texts: readonly (readonly number[])[]
  nSteps = 0
  readonly #script: Script

  constructor(nRows: number, script: Script) {
    this.nRows = nRows
    this.texts = Array.from({ length: nRows }, () => [])
    this.#script = script
  }

  get length(): number {
    return this.texts[0]!.length
  }

  async step(tokens: readonly (readonly number[])[], logitsAt: readonly number[]): Promise<Float32Array> {
    this.nSteps++
    const nPast = this.length
    this.texts = this.texts.map((text, row) => [...text, ...tokens[row]!])
    const logits = new Float32Array(this.nRows * logitsAt.length * VOCAB)
    for (const [row, text] of this.texts.entries()) {
      for (const [k, position] of logitsAt.entries()) {
        const scripted = this.#script(text.slice(0, nPast + position + 1), row)
        for (const [token, logit] of Object.entries(scripted)) {
          logits[(row * logitsAt.length + k) * VOCAB + Number(token)] = logit
        }
      }
    }
    return logits
  }

  reorder(rows: readonly number[]): void {
    this.texts = rows.map((from) => this.texts[from]!)
  }
}
