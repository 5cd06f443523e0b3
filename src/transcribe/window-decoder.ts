/**
 * Decodes a window and judges what comes out: what is doubtful is decoded again at the full audio context, then at
 * rising temperatures.
 */

import {
  type DecodedWindow,
  type DecodeOptions,
  decodeDetecting,
  decodeWindow,
  detectLanguage,
  findsText,
  type Prompt,
  rowsFor,
  sotSequence,
  splitWords,
  type TextDecoder,
  type TokenChoice,
  tokenChoice,
} from '../decode/index.ts'
import { FULL_CONTEXT, SECONDS_PER_POSITION } from '../whisper-constants.ts'
import { adaptiveContext } from './audio-context.ts'
import type { DecodingOptions } from './options.ts'
import { isDoubtful, isSilence, leastBad } from './quality.ts'
import { type TimedWord, timeWords } from './timed-words.ts'
import type { EncodedWindow, WindowModel } from './window-model.ts'
import { secondsOf, type Window } from './windows.ts'

/** A window, its text, and its words' times where they were asked for. */
export interface WindowText {
  readonly window: Window
  readonly decoded: DecodedWindow
  readonly words: readonly TimedWord[] | undefined
  /** Attempts beyond the first. */
  readonly retries: number
}

export interface WindowPrompt {
  /** undefined: detected. */
  readonly language: string | undefined
  readonly previous: readonly number[]
  readonly prefix: readonly number[]
}

export interface RetryCounts {
  contextRepeats: number
  temperatureRetries: number
}

export class WindowDecoder {
  readonly counts: RetryCounts = { contextRepeats: 0, temperatureRetries: 0 }
  readonly #model: WindowModel
  readonly #options: DecodingOptions
  readonly #random: () => number
  readonly #signal: AbortSignal
  #firstChoice: TokenChoice | undefined

  constructor(
    model: WindowModel,
    options: DecodingOptions,
    { random, signal }: Pick<DecodeOptions, 'random' | 'signal'>,
  ) {
    this.#model = model
    this.#options = options
    this.#random = random
    this.#signal = signal
  }

  /** Probability of each language. */
  async detectLanguage(window: Window): Promise<ReadonlyMap<string, number>> {
    using encoded = await this.#encode(window, this.#contextOf(window))
    return await this.#languageOf(encoded)
  }

  /** @param choose  decides the language from the probabilities, where the prompt names none. */
  async decode(
    window: Window,
    { language, previous, prefix }: WindowPrompt,
    choose: (probabilities: ReadonlyMap<string, number>) => string,
  ): Promise<WindowText> {
    using encoded = await this.#encode(window, this.#contextOf(window))
    const { task, timestamps, temperature } = this.#options
    const rest = { task, withTimestamps: timestamps === 'tokens', previous, prefix }
    const detected = language === undefined ? await this.#detect(encoded, rest, choose) : undefined
    const prompt: Prompt = { ...rest, language: detected?.language ?? language! } // one of the two is known
    const first = detected?.decoded ?? (await this.#attempt(encoded, prompt, temperature[0]!))
    if (!isDoubtful(first, this.#options)) return await this.#finish(window, first, encoded, 0)
    if (encoded.audioContext === FULL_CONTEXT) return await this.#climb(window, prompt, encoded, [first])
    // Too short a context is the likeliest cause. What was encoded is given back first, or windows that all try again
    // could wait for one another's room.
    encoded[Symbol.dispose]()
    this.counts.contextRepeats++
    using full = await this.#encode(window, FULL_CONTEXT)
    return await this.#climb(window, prompt, full, [])
  }

  /** The language that is chosen, and the text where the window was decoded in it by the way. */
  async #detect(
    encoded: EncodedWindow,
    prompt: Omit<Prompt, 'language'>,
    choose: (probabilities: ReadonlyMap<string, number>) => string,
  ): Promise<{ readonly language: string; readonly decoded: DecodedWindow | undefined }> {
    const options = this.#decodeOptions(this.#options.temperature[0]!)
    using decoder = encoded.start(rowsFor(options), this.#choiceFor(options))
    if (!findsText(decoder, options)) return { language: choose(await this.#heard(decoder)), decoded: undefined }
    const found = await decodeDetecting(decoder, this.#model, prompt, this.#options.languages, options)
    const language = choose(found.probabilities)
    return { language, decoded: language === found.decoded.language ? found.decoded : undefined }
  }

  /** Tries the temperatures that have not been tried, one after the other. */
  async #climb(
    window: Window,
    prompt: Prompt,
    encoded: EncodedWindow,
    tried: readonly DecodedWindow[],
  ): Promise<WindowText> {
    const { temperature: ladder } = this.#options
    const attempts = [...tried]
    for (const temperature of ladder.slice(tried.length)) {
      const attempt = await this.#attempt(encoded, prompt, temperature)
      attempts.push(attempt)
      if (temperature !== ladder[0]) this.counts.temperatureRetries++
      if (!isDoubtful(attempt, this.#options)) break
    }
    const last = attempts.at(-1)!
    const accepted = isDoubtful(last, this.#options) ? leastBad(attempts, this.#options) : last
    return await this.#finish(window, accepted, encoded, attempts.length - tried.length)
  }

  async #attempt(encoded: EncodedWindow, prompt: Prompt, temperature: number): Promise<DecodedWindow> {
    const options = this.#decodeOptions(temperature)
    using decoder = encoded.start(rowsFor(options), this.#choiceFor(options))
    return await decodeWindow(decoder, this.#model, prompt, options)
  }

  async #finish(window: Window, decoded: DecodedWindow, encoded: EncodedWindow, retries: number): Promise<WindowText> {
    const { timestamps, wordTimestamps, hallucinationSilenceThreshold } = this.#options
    const isJudgedByWords = timestamps === 'tokens' && hallucinationSilenceThreshold !== undefined
    const needsWords = timestamps === 'align' || wordTimestamps || isJudgedByWords
    const words =
      needsWords && !isSilence(decoded, this.#options) ? await this.#timedWords(window, decoded, encoded) : undefined
    return { window, decoded, words, retries }
  }

  async #timedWords(
    window: Window,
    { tokens, logprobs, language }: DecodedWindow,
    encoded: EncodedWindow,
  ): Promise<TimedWord[]> {
    const { generation, tokenizer } = this.#model
    const isText = (token: number) => token < generation.eot
    const textTokens = tokens.filter(isText)
    if (textTokens.length === 0) return []
    const probabilities = logprobs.filter((_, i) => isText(tokens[i]!)).map(Math.exp)
    const prompt = sotSequence(generation, { language, task: this.#options.task, withTimestamps: false })
    const room = this.#model.maxTextContext - prompt.length - 1
    const scores = await encoded.align([...prompt, ...textTokens.slice(0, room), generation.eot])
    const words = splitWords(textTokens.slice(0, room), language, tokenizer)
    const nPositions = Math.max(1, Math.floor(secondsOf(window.samples.length) / SECONDS_PER_POSITION))
    return timeWords(words, probabilities, scores, prompt.length - 1, {
      startSeconds: window.startSeconds,
      nPositions,
      areCandidates: generation.alignmentHeads === undefined,
    })
  }

  #contextOf(window: Window): number {
    return this.#options.audioContext === 'full' ? FULL_CONTEXT : adaptiveContext(window.samples.length)
  }

  async #encode(window: Window, audioContext: number): Promise<EncodedWindow> {
    const rows = rowsFor(this.#decodeOptions(this.#options.temperature[0]!))
    const encoded = await this.#model.encode(window.samples, audioContext, rows)
    try {
      this.#signal.throwIfAborted()
      return encoded
    } catch (error) {
      encoded[Symbol.dispose]()
      throw error
    }
  }

  async #languageOf(encoded: EncodedWindow): Promise<ReadonlyMap<string, number>> {
    const options = this.#decodeOptions(this.#options.temperature[0]!)
    using decoder = encoded.start(rowsFor(options), this.#choiceFor(options))
    if (!findsText(decoder, options)) return await this.#heard(decoder)
    const { task, languages } = this.#options
    const prompt = { task, withTimestamps: false, previous: [], prefix: [] }
    const asked = { ...options, maxNewTokens: 1, alignsWords: false }
    return (await decodeDetecting(decoder, this.#model, prompt, languages, asked)).probabilities
  }

  async #heard(decoder: TextDecoder): Promise<ReadonlyMap<string, number>> {
    return among(this.#options.languages, await detectLanguage(decoder, this.#model.generation))
  }

  /** One and the same for all windows, as far as the options allow: the decoder asks whether windows agree. */
  #choiceFor(options: DecodeOptions): TokenChoice {
    const withTimestamps = this.#options.timestamps === 'tokens'
    this.#firstChoice ??= tokenChoice(this.#model, options, withTimestamps)
    return options.temperature === this.#options.temperature[0]
      ? this.#firstChoice
      : tokenChoice(this.#model, options, withTimestamps)
  }

  #decodeOptions(temperature: number): DecodeOptions {
    const { timestamps, wordTimestamps } = this.#options
    const alignsWords = timestamps === 'align' || wordTimestamps
    return { ...this.#options, temperature, alignsWords, stopLoops: true, random: this.#random, signal: this.#signal }
  }
}

/** The probabilities given that it is one of `languages`, where there are any. */
function among(
  languages: readonly string[] | undefined,
  probabilities: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  if (languages === undefined) return probabilities
  const possible = [...probabilities].filter(([language]) => languages.includes(language))
  const sum = possible.reduce((total, [, probability]) => total + probability, 0)
  return new Map(
    possible.map(([language, probability]) => [language, sum > 0 ? probability / sum : 1 / possible.length]),
  )
}
