/** A window of a `WholeTextModel`: its samples, and what is found of them when somebody asks. */

import type { AlignmentScores, FoundText, NextTokens, TextDecoder, TextRequest, TokenChoice } from '../decode/index.ts'
import type { EncodedWindow } from '../transcribe/index.ts'

export interface WholeTextWindowSource {
  readonly audioContext: number
  /** The window's text, found together with those of others. */
  readonly find: (tokenBias: Float32Array, request: TextRequest) => Promise<FoundText>
  /** The window for those who take steps. */
  readonly encode: () => Promise<EncodedWindow>
}

export class WholeTextWindow implements EncodedWindow {
  readonly audioContext: number
  readonly #source: WholeTextWindowSource
  #encoded: Promise<EncodedWindow> | undefined
  /** The tokens that were aligned with the last text, and the scores. */
  #aligned: { readonly tokens: readonly number[]; readonly scores: Float32Array } | undefined

  constructor(source: WholeTextWindowSource) {
    this.audioContext = source.audioContext
    this.#source = source
  }

  start(rowsPerWindow: number, choice: TokenChoice): TextDecoder & Disposable {
    return new FindingOrStepping(rowsPerWindow, {
      findText: async (request) => {
        const text = await this.#source.find(choice.tokenBias, request)
        this.#aligned = alignedWith(text, request)
        return text
      },
      takingSteps: async () => (await this.#encode()).start(rowsPerWindow, choice),
    })
  }

  async align(tokens: readonly number[]): Promise<AlignmentScores> {
    const aligned = this.#aligned
    const nTokens = tokens.length
    if (aligned?.tokens.length !== nTokens || aligned.tokens.some((token, i) => token !== tokens[i])) {
      return await (await this.#encode()).align(tokens)
    }
    const { audioContext } = this
    return { data: aligned.scores, nTokens, audioContext, nHeads: aligned.scores.length / (nTokens * audioContext) }
  }

  [Symbol.dispose](): void {
    // One that could not be encoded holds nothing.
    void this.#encoded?.then(
      (window) => window[Symbol.dispose](),
      () => {},
    )
    this.#encoded = undefined
  }

  #encode(): Promise<EncodedWindow> {
    this.#encoded ??= this.#source.encode()
    return this.#encoded
  }
}

function alignedWith(
  { tokens, languageProbs, alignmentScores: scores }: FoundText,
  { alignmentPrompt, rules }: TextRequest,
): { tokens: readonly number[]; scores: Float32Array } | undefined {
  if (!alignmentPrompt || !scores) return undefined
  const likeliest = languageProbs && rules.languageIds[languageProbs.indexOf(Math.max(...languageProbs))]
  const prompt = alignmentPrompt.map((token) => (token < 0 ? (likeliest ?? token) : token))
  return { tokens: [...prompt, ...tokens, rules.eot], scores }
}

/** Finds the whole text at once, or takes steps, whichever it is asked for. */
class FindingOrStepping implements TextDecoder, Disposable {
  readonly nRows: number
  readonly findText: (request: TextRequest) => Promise<FoundText>
  readonly #takingSteps: () => Promise<TextDecoder & Disposable>
  #stepping: Promise<TextDecoder & Disposable> | undefined
  #length = 0

  constructor(
    nRows: number,
    {
      findText,
      takingSteps,
    }: {
      readonly findText: (request: TextRequest) => Promise<FoundText>
      readonly takingSteps: () => Promise<TextDecoder & Disposable>
    },
  ) {
    this.nRows = nRows
    this.findText = findText
    this.#takingSteps = takingSteps
  }

  get length(): number {
    return this.#length
  }

  async prompt(tokens: readonly number[], logitsAt: readonly number[]): Promise<Float32Array> {
    const logits = await (await this.#decoder()).prompt(tokens, logitsAt)
    this.#length += tokens.length
    return logits
  }

  async step(tokens: readonly number[], parents?: readonly number[]): Promise<NextTokens> {
    const next = await (await this.#decoder()).step(tokens, parents)
    this.#length++
    return next
  }

  [Symbol.dispose](): void {
    void this.#stepping?.then(
      (decoder) => decoder[Symbol.dispose](),
      () => {},
    )
    this.#stepping = undefined
  }

  #decoder(): Promise<TextDecoder & Disposable> {
    this.#stepping ??= this.#takingSteps()
    return this.#stepping
  }
}
