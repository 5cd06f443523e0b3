/**
 * Decodes batches of windows, and judges each window on its own: what is doubtful is decoded again at the full audio
 * context, then at rising temperatures, while the good ones of the batch stand.
 */

import {
  type DecodedWindow,
  type DecodeOptions,
  decodeWindows,
  detectLanguages,
  type Prompt,
  rowsPerWindow,
  SECONDS_PER_POSITION,
  sotSequence,
  splitWords,
} from '../decode/index.ts'
import { adaptiveContext, FULL_CONTEXT } from './audio-context.ts'
import type { DecodingOptions } from './options.ts'
import { isDoubtful, isSilence, leastBad } from './quality.ts'
import { type TimedWord, timeWords } from './timed-words.ts'
import type { EncodedWindows, WindowModel } from './window-model.ts'
import { secondsOf, type Window } from './windows.ts'

/** A window, its text, and its words' times where they were asked for. */
export interface WindowText {
  readonly window: Window
  readonly decoded: DecodedWindow
  readonly words: readonly TimedWord[] | undefined
  /** Attempts beyond the first. */
  readonly retries: number
}

/** What is the same for all windows of a batch but the language. */
export interface BatchPrompt {
  /** Language of each window, or undefined: then each window's own is detected. */
  readonly languages: readonly string[] | undefined
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

  /** Encoder positions that the options give a window; only windows with equal ones can be a batch. */
  contextOf(window: Window): number {
    return this.#options.audioContext === 'full' ? FULL_CONTEXT : adaptiveContext(window.samples.length)
  }

  /** Probability of each language for each of the windows, which must have one context. */
  async detectLanguages(windows: readonly Window[]): Promise<ReadonlyMap<string, number>[]> {
    using encoded = await this.#encode(windows, this.contextOf(windows[0]!))
    return await this.#languagesOf(encoded)
  }

  /**
   * @param windows  of one context.
   * @param choose   decides each window's language from the probabilities, where the prompt names none.
   */
  async decode(
    windows: readonly Window[],
    prompt: BatchPrompt,
    choose: (probabilities: readonly ReadonlyMap<string, number>[]) => readonly string[],
  ): Promise<WindowText[]> {
    const audioContext = this.contextOf(windows[0]!)
    using encoded = await this.#encode(windows, audioContext)
    const languages = prompt.languages ?? choose(await this.#languagesOf(encoded))
    const prompts = windows.map(
      (_, i): Prompt => ({
        language: languages[i]!,
        task: this.#options.task,
        withTimestamps: this.#options.timestamps === 'tokens',
        previous: prompt.previous,
        prefix: prompt.prefix,
      }),
    )

    const options = this.#decodeOptions(this.#options.temperature[0]!)
    using rows = encoded.start(rowsPerWindow(options))
    const decoded = await decodeWindows(rows, this.#model, prompts, options)
    const texts: WindowText[] = []
    for (const [i, window] of windows.entries()) {
      const first = decoded[i]!
      texts.push(
        isDoubtful(first, this.#options)
          ? await this.#decodeAgain(window, prompts[i]!, first, { encoded, index: i, audioContext })
          : await this.#finish(window, first, encoded, i, 0),
      )
    }
    return texts
  }

  /** Climbs the ladder for one window: the full context first, since too short a one is the likeliest cause. */
  async #decodeAgain(
    window: Window,
    prompt: Prompt,
    first: DecodedWindow,
    place: { readonly encoded: EncodedWindows; readonly index: number; readonly audioContext: number },
  ): Promise<WindowText> {
    const { temperature: ladder } = this.#options
    const isFull = place.audioContext === FULL_CONTEXT
    using full = isFull ? undefined : await this.#encode([window], FULL_CONTEXT)
    const [encoded, index] = full ? [full, 0] : [place.encoded, place.index]
    const attempts = isFull ? [first] : []
    if (!isFull) this.counts.contextRepeats++

    for (const temperature of isFull ? ladder.slice(1) : ladder) {
      const options = this.#decodeOptions(temperature)
      using rows = encoded.startWindow(index, rowsPerWindow(options))
      const [attempt] = await decodeWindows(rows, this.#model, [prompt], options)
      attempts.push(attempt!)
      if (temperature !== ladder[0]) this.counts.temperatureRetries++
      if (!isDoubtful(attempt!, this.#options)) break
    }
    const last = attempts.at(-1)!
    const accepted = isDoubtful(last, this.#options) ? leastBad(attempts, this.#options) : last
    return await this.#finish(window, accepted, encoded, index, attempts.length - (isFull ? 1 : 0))
  }

  async #finish(
    window: Window,
    decoded: DecodedWindow,
    encoded: EncodedWindows,
    index: number,
    retries: number,
  ): Promise<WindowText> {
    const { timestamps, wordTimestamps, hallucinationSilenceThreshold } = this.#options
    const isJudgedByWords = timestamps === 'tokens' && hallucinationSilenceThreshold !== undefined
    const needsWords = timestamps === 'align' || wordTimestamps || isJudgedByWords
    const words =
      needsWords && !isSilence(decoded, this.#options)
        ? await this.#timedWords(window, decoded, encoded, index)
        : undefined
    return { window, decoded, words, retries }
  }

  async #timedWords(
    window: Window,
    { tokens, logprobs, language }: DecodedWindow,
    encoded: EncodedWindows,
    index: number,
  ): Promise<TimedWord[]> {
    const { generation, tokenizer } = this.#model
    const isText = (token: number) => token < generation.eot
    const textTokens = tokens.filter(isText)
    if (textTokens.length === 0) return []
    const probabilities = logprobs.filter((_, i) => isText(tokens[i]!)).map(Math.exp)
    const prompt = sotSequence(generation, { language, task: this.#options.task, withTimestamps: false })
    const room = this.#model.maxTextContext - prompt.length - 1
    const scores = await encoded.align(index, [...prompt, ...textTokens.slice(0, room), generation.eot])
    const words = splitWords(textTokens.slice(0, room), language, tokenizer)
    const nPositions = Math.max(1, Math.floor(secondsOf(window.samples.length) / SECONDS_PER_POSITION))
    return timeWords(words, probabilities, scores, prompt.length - 1, { startSeconds: window.startSeconds, nPositions })
  }

  async #encode(windows: readonly Window[], audioContext: number): Promise<EncodedWindows> {
    const encoded = await this.#model.encode(
      windows.map((window) => window.samples),
      audioContext,
    )
    try {
      this.#signal.throwIfAborted()
      return encoded
    } catch (error) {
      encoded[Symbol.dispose]()
      throw error
    }
  }

  async #languagesOf(encoded: EncodedWindows): Promise<ReadonlyMap<string, number>[]> {
    using rows = encoded.start(1)
    return await detectLanguages(rows, this.#model.generation)
  }

  #decodeOptions(temperature: number): DecodeOptions {
    return { ...this.#options, temperature, stopLoops: true, random: this.#random, signal: this.#signal }
  }
}
