/**
 * Decodes a window and judges what comes out: what is doubtful is decoded again at the full audio context, then at
 * rising temperatures.
 */

import { FULL_CONTEXT, SAMPLE_RATE, SAMPLES_PER_POSITION, SECONDS_PER_POSITION } from '../whisper-constants.ts'
import { hypothesesOf } from './decode-window.ts'
import type { DecodedWindow, DecodeOptions, LanguageProbabilities } from './decoded-window.ts'
import { mayBeEcho, withoutEcho } from './echo.ts'
import type { EncodedWindow, ModelSession, SessionRequest, WindowPrompt } from './model.ts'
import type { DecodingOptions } from './options.ts'
import { sotSequence } from './prompt.ts'
import { isDoubtful, isRepetitive, isSilence, leastBad } from './quality.ts'
import { randomStream } from './random.ts'
import { type Repetition, repetitionOf } from './repeated-words.ts'
import { compressionRatio, longestRepeat } from './repetition.ts'
import { type TimedWord, timeWords } from './timed-words.ts'
import { isTextToken } from './token-kinds.ts'
import { secondsOf, speechSeconds, type Window } from './windows.ts'
import { splitWords } from './words.ts'

const POSITIONS_PER_SECOND = SAMPLE_RATE / SAMPLES_PER_POSITION
const LEAST_SECONDS = 12
const SILENCE_SECONDS = 5
/** Contexts are rounded up to whole seconds, so that windows of similar length can share a batch. */
const ROUNDING = POSITIONS_PER_SECOND
/** Of a repetition's rounds, those that may be without sound if the text is to be no loop; they are dropped. */
const MOST_UNHEARD = 0.34

/** A window, its text, and its words' times where they were asked for. */
export interface WindowText {
  readonly window: Window
  readonly decoded: DecodedWindow
  readonly words: readonly TimedWord[] | undefined
  /** Attempts beyond the first. */
  readonly retries: number
}

/** Language and text before a window's own. */
export interface TextBefore {
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
  readonly #session: ModelSession
  readonly #options: DecodingOptions
  readonly #signal: AbortSignal

  constructor(session: ModelSession, options: DecodingOptions, signal: AbortSignal) {
    this.#session = session
    this.#options = options
    this.#signal = signal
  }

  async detectLanguage(window: Window): Promise<LanguageProbabilities> {
    using encoded = await this.#encode(window, this.#contextOf(window))
    return await encoded.detectLanguage(this.#options.languages)
  }

  /**
   * @param choose       decides the language from the probabilities, where none is given.
   * @param mostRetries  attempts beyond the first, one at least.
   */
  async decode(
    window: Window,
    { language, previous, prefix }: TextBefore,
    choose: (probabilities: LanguageProbabilities) => string,
    mostRetries: number,
  ): Promise<WindowText> {
    using encoded = await this.#encode(window, this.#contextOf(window))
    const { task, timestamps, temperature, languages } = this.#options
    const rest = { task, withTimestamps: timestamps === 'tokens', previous, prefix }
    const choice = language ?? { among: languages, choose }
    const first = await this.#attempt(window, encoded, { ...rest, language: choice }, temperature[0]!)
    const prompt = { ...rest, language: first.language }
    if (!isDoubtful(first, this.#options)) return await this.#finish(window, prompt, first, encoded, 0)
    if (encoded.audioContext === FULL_CONTEXT) {
      const rungs = temperature.slice(1, 1 + mostRetries)
      return await this.#climb(window, prompt, encoded, { tried: [first], rungs })
    }
    // Too short a context is the likeliest cause. What was encoded is given back first, or windows that all try again
    // could wait for one another's room.
    encoded[Symbol.dispose]()
    this.counts.contextRepeats++
    using full = await this.#encode(window, FULL_CONTEXT)
    return await this.#climb(window, prompt, full, { tried: [], rungs: temperature.slice(0, mostRetries) })
  }

  /** Tries the temperatures `rungs`, one after the other. */
  async #climb(
    window: Window,
    prompt: WindowPrompt,
    encoded: EncodedWindow,
    { tried, rungs }: { readonly tried: readonly DecodedWindow[]; readonly rungs: readonly number[] },
  ): Promise<WindowText> {
    const attempts = [...tried]
    for (const temperature of rungs) {
      const attempt = await this.#attempt(window, encoded, prompt, temperature)
      attempts.push(attempt)
      if (temperature !== this.#options.temperature[0]) this.counts.temperatureRetries++
      if (!isDoubtful(attempt, this.#options)) break
    }
    const last = attempts.at(-1)!
    const accepted = isDoubtful(last, this.#options) ? leastBad(attempts, this.#options) : last
    return await this.#finish(window, prompt, accepted, encoded, attempts.length - tried.length)
  }

  async #attempt(
    window: Window,
    encoded: EncodedWindow,
    prompt: WindowPrompt,
    temperature: number,
  ): Promise<DecodedWindow> {
    const randomOf = (row: number) => randomStream(this.#options.seed, window.startSeconds, temperature, row)
    const options = decodeOptions(this.#options, temperature, randomOf, this.#signal)
    const decoded = await encoded.decode(prompt, { ...options, longestRepeat: longestRepeat(speechSeconds(window)) })
    if (decoded.ended !== 'eot' || !isRepetitive(decoded, this.#options)) return decoded
    const words = await this.#timedWords(window, decoded, encoded)
    return { ...decoded, isHeardRepeatedly: this.#isHeard(words, repetitionOf(words, window.speech)) }
  }

  /** Whether a text that repeats itself says what was said: most rounds were heard, and the rest of it repeats nothing. */
  #isHeard(words: readonly TimedWord[], { nRounds, nHeard, isRepeated }: Repetition): boolean {
    const once = words.filter((_, i) => !isRepeated[i]).map(({ word }) => word)
    return (
      nRounds - nHeard < MOST_UNHEARD * nRounds &&
      compressionRatio(once.join('')) <= this.#options.compressionRatioThreshold
    )
  }

  async #finish(
    window: Window,
    prompt: WindowPrompt,
    accepted: DecodedWindow,
    encoded: EncodedWindow,
    retries: number,
  ): Promise<WindowText> {
    const { timestamps, wordTimestamps, hallucinationSilenceThreshold } = this.#options
    const isJudgedByWords = timestamps === 'tokens' && hallucinationSilenceThreshold !== undefined
    const needsWords = timestamps === 'align' || wordTimestamps || isJudgedByWords
    const decoded = await this.#withoutEcho(window, prompt, accepted, encoded)
    if (isSilence(decoded, this.#options)) return { window, decoded, words: undefined, retries }
    const mayRepeat = decoded.isHeardRepeatedly || isRepetitive(decoded, this.#options)
    const words = needsWords || mayRepeat ? await this.#timedWords(window, decoded, encoded) : []
    const { isHeard } = repetitionOf(words, window.speech)
    return {
      window,
      decoded: this.#onlyHeard(decoded, words, isHeard),
      words: needsWords ? words.filter((_, i) => isHeard[i]) : undefined,
      retries,
    }
  }

  /** The text, unless it is no more than the prompt; then what is heard without it, or nothing. */
  async #withoutEcho(
    window: Window,
    prompt: WindowPrompt,
    decoded: DecodedWindow,
    encoded: EncodedWindow,
  ): Promise<DecodedWindow> {
    const before = this.#session.model.tokenizer.decode(prompt.previous)
    if (!mayBeEcho(decoded, before, this.#options.vadFilter)) return decoded
    const alone = { ...prompt, language: decoded.language, previous: [] }
    const unprompted = await this.#attempt(window, encoded, alone, this.#options.temperature[0]!)
    return (
      withoutEcho(decoded, unprompted, before, this.#options) ?? { ...unprompted, tokens: [], logprobs: [], text: '' }
    )
  }

  /** The text without the words that were not heard. */
  #onlyHeard(decoded: DecodedWindow, words: readonly TimedWord[], isHeard: readonly boolean[]): DecodedWindow {
    if (isHeard.every(Boolean)) return decoded
    const { generation, tokenizer } = this.#session.model
    const ofText = words.flatMap(({ tokens }, i) => tokens.map(() => isHeard[i]!)) // one for each word
    let nText = 0
    // What is no text, a timestamp, stays; so does text that was too long to be aligned.
    const stays = decoded.tokens.map((token) => !isTextToken(generation, token) || (ofText[nText++] ?? true))
    const tokens = decoded.tokens.filter((_, i) => stays[i])
    return {
      ...decoded,
      tokens,
      logprobs: decoded.logprobs.filter((_, i) => stays[i]),
      text: tokenizer.decode(tokens),
    }
  }

  async #timedWords(
    window: Window,
    { tokens, logprobs, language }: DecodedWindow,
    encoded: EncodedWindow,
  ): Promise<TimedWord[]> {
    const { generation, tokenizer, maxTextContext } = this.#session.model
    const isText = (token: number) => isTextToken(generation, token)
    const prompt = sotSequence(generation, { language, task: this.#options.task, withTimestamps: false })
    const runs = textRuns(tokens, isText, maxTextContext - prompt.length - 1)
    if (runs.length === 0) return []
    const probabilities = logprobs.filter((_, i) => isText(tokens[i]!)).map(Math.exp)
    const scores = await encoded.align([...prompt, ...runs.flat(), generation.eot])
    const words = runs.flatMap((run) => splitWords(run, language, tokenizer))
    const nPositions = Math.max(1, Math.floor(secondsOf(window.samples.length) / SECONDS_PER_POSITION))
    return timeWords(words, probabilities, scores, prompt.length - 1, {
      startSeconds: window.startSeconds,
      nPositions,
      speech: window.speech,
      areCandidates: generation.alignmentHeads === undefined,
    })
  }

  #contextOf(window: Window): number {
    return this.#options.audioContext === 'full' ? FULL_CONTEXT : adaptiveContext(window.samples.length)
  }

  async #encode(window: Window, audioContext: number): Promise<EncodedWindow> {
    const encoded = await this.#session.encode(window.samples, audioContext)
    try {
      this.#signal.throwIfAborted()
      return encoded
    } catch (error) {
      encoded[Symbol.dispose]()
      throw error
    }
  }
}

/** The first `room` tokens of a text, in runs between timestamps: no word reaches from one segment into the next. */
function textRuns(tokens: readonly number[], isText: (token: number) => boolean, room: number): number[][] {
  const runs: number[][] = [[]]
  let nText = 0
  for (const token of tokens) {
    if (!isText(token)) runs.push([])
    else if (nText++ < room) runs.at(-1)!.push(token)
  }
  return runs.filter((run) => run.length > 0)
}

/** The session that a request with these options needs. */
export function sessionRequest(options: DecodingOptions, signal: AbortSignal): SessionRequest {
  return { nHypotheses: hypothesesOf({ ...options, temperature: options.temperature[0]! }), signal }
}

function decodeOptions(
  options: DecodingOptions,
  temperature: number,
  randomOf: DecodeOptions['randomOf'],
  signal: AbortSignal,
): DecodeOptions {
  const alignsWords = options.timestamps === 'align' || options.wordTimestamps
  return { ...options, temperature, alignsWords, longestRepeat: 0, randomOf, signal }
}

/** Encoder positions for a window of `nSamples`, at most FULL_CONTEXT. */
function adaptiveContext(nSamples: number): number {
  const seconds = Math.max(LEAST_SECONDS, nSamples / SAMPLE_RATE + SILENCE_SECONDS)
  const positions = Math.ceil((seconds * POSITIONS_PER_SECOND) / ROUNDING) * ROUNDING
  return Math.min(positions, FULL_CONTEXT)
}
