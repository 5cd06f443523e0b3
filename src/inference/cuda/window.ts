/** A window of a CUDA model: its samples, and what has been generated from them. */

import {
  type AlignmentScores,
  type DecodedWindow,
  type DecodeOptions,
  type EncodedWindow,
  type LanguageProbabilities,
  type LogitBiases,
  likeliest,
  type Prompt,
  possibleLanguages,
  type TextModel,
  type WindowPrompt,
} from '../../whisper/index.ts'
import {
  alignedTokens,
  canGenerate,
  generatedWindow,
  generateRequest,
  languageProbabilities,
} from './generate-request.ts'
import type { GeneratedText, GenerateRequest } from './generate-session.ts'

export interface CudaWindowSource {
  readonly model: TextModel
  readonly biases: LogitBiases
  readonly audioContext: number
  /** The window's text, generated together with those of others. */
  readonly generate: (request: GenerateRequest) => Promise<GeneratedText>
  /** The window in the model that takes steps. */
  readonly encodeForSteps: () => Promise<EncodedWindow>
}

/** Enough to hear a language by. */
const DETECTION: Omit<DecodeOptions, 'signal'> = {
  temperature: 0,
  beamSize: 1,
  bestOf: 1,
  patience: 1,
  lengthPenalty: undefined,
  maxNewTokens: 1,
  suppressTokens: [-1],
  suppressBlank: true,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  maxInitialTimestamp: 1,
  longestRepeat: Number.POSITIVE_INFINITY,
  randomOf: () => () => 0,
}

export class CudaWindow implements EncodedWindow {
  readonly #source: CudaWindowSource
  readonly #signal: AbortSignal
  #stepping: Promise<EncodedWindow> | undefined
  /** The tokens that were aligned with the last text, and the scores. */
  #aligned: { readonly tokens: readonly number[]; readonly scores: Float32Array } | undefined

  constructor(source: CudaWindowSource, signal: AbortSignal) {
    this.#source = source
    this.#signal = signal
  }

  get audioContext(): number {
    return this.#source.audioContext
  }

  async decode(prompt: WindowPrompt, options: DecodeOptions): Promise<DecodedWindow> {
    if (!canGenerate(options)) return await (await this.#forSteps()).decode(prompt, options)
    const { language, ...rest } = prompt
    if (typeof language === 'string') {
      return generatedWindow(this.#source.model, language, await this.#generate({ ...rest, language }, options, []))
    }
    // The text comes in the likeliest language with the probabilities, so it is generated again only where another is chosen.
    const { probabilities, text } = await this.#detect(rest, options, language.among)
    const chosen = language.choose(probabilities)
    return chosen === likeliest(probabilities)[0]
      ? generatedWindow(this.#source.model, chosen, text)
      : await this.decode({ ...rest, language: chosen }, options)
  }

  async detectLanguage(among: readonly string[] | undefined): Promise<LanguageProbabilities> {
    const prompt = { task: 'transcribe', withTimestamps: false, previous: [], prefix: [] } as const
    return (await this.#detect(prompt, { ...DETECTION, signal: this.#signal }, among)).probabilities
  }

  async align(tokens: readonly number[]): Promise<AlignmentScores> {
    const aligned = this.#aligned
    const nTokens = tokens.length
    if (aligned?.tokens.length !== nTokens || aligned.tokens.some((token, i) => token !== tokens[i])) {
      return await (await this.#forSteps()).align(tokens)
    }
    const { audioContext } = this
    return { data: aligned.scores, nTokens, audioContext, nHeads: aligned.scores.length / (nTokens * audioContext) }
  }

  [Symbol.dispose](): void {
    // One that could not be encoded holds nothing.
    void this.#stepping?.then(
      (window) => window[Symbol.dispose](),
      () => {},
    )
    this.#stepping = undefined
  }

  async #detect(
    prompt: Omit<Prompt, 'language'>,
    options: DecodeOptions,
    among: readonly string[] | undefined,
  ): Promise<{ readonly probabilities: LanguageProbabilities; readonly text: GeneratedText }> {
    const languages = possibleLanguages(this.#source.model.generation, among)
    // Any language makes room in the prompt for the one that will be detected.
    const text = await this.#generate({ ...prompt, language: languages[0]! }, options, languages)
    return { probabilities: languageProbabilities(languages, text), text }
  }

  async #generate(prompt: Prompt, options: DecodeOptions, languages: readonly string[]): Promise<GeneratedText> {
    const { model, biases, generate } = this.#source
    const request = generateRequest(model, biases, prompt, options, languages)
    const text = await generate(request)
    const { alignmentScores: scores } = text
    this.#aligned = scores && { tokens: alignedTokens(request, text), scores }
    return text
  }

  #forSteps(): Promise<EncodedWindow> {
    this.#stepping ??= this.#source.encodeForSteps()
    return this.#stepping
  }
}
