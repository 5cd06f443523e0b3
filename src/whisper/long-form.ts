/** A recording of any length → text: windows of speech, several under way, language, coverage, segments. */

import { joinTexts, type Segment, type Transcription } from '../transcript/index.ts'
import { type SpeechProbability, SpeechWindows, speechIn } from '../vad/index.ts'
import { spansOfWords, uncovered } from './coverage.ts'
import { withoutHallucinations } from './hallucination.ts'
import { chooseLanguage, isDecided, languageVotes, likeliest } from './language-choice.ts'
import type { ModelSession } from './model.ts'
import type { DecodingOptions } from './options.ts'
import { isSilence } from './quality.ts'
import { RetryBudget } from './retry-budget.ts'
import { completePart, segmentsOf, type UnnumberedSegment } from './segments.ts'
import type { TimedWord } from './timed-words.ts'
import { isHeard, needsSpeech } from './unheard.ts'
import { type TextBefore, WindowDecoder, type WindowText } from './window-decoder.ts'
import {
  audible,
  cutWindows,
  partOf,
  SeekingWindows,
  secondsOf,
  speechSeconds,
  type Window,
  windowEnd,
} from './windows.ts'

export interface LongFormContext {
  readonly session: ModelSession
  readonly options: DecodingOptions
  /** Probability that a frame of this recording is speech; needed where `vadFilter` is on. */
  readonly speechProbability: SpeechProbability
  /** Code of a language token; undefined: detected. */
  readonly language: string | undefined
  readonly signal: AbortSignal
  /** Uniform in [0, 1). */
  readonly random?: () => number
  /** Told after each window how much of the recording is done. */
  readonly onProgress?: ((doneSeconds: number) => void) | undefined
  /** Told the segments of each window when it is done, in order; of all of them at the end where some may be dropped. */
  readonly onSegments?: ((segments: readonly Segment[]) => void) | undefined
}

/**
 * Transcribes a whole recording, holding a few windows at a time.
 *
 * @param samples  the recording at 16 kHz, in pieces of any length.
 */
export async function transcribeLongForm(
  samples: AsyncIterable<Float32Array>,
  context: LongFormContext,
): Promise<Transcription> {
  return await new LongForm(context).transcribe(samples)
}

/** Stretches of one window that are decoded once more, at most. */
const MOST_COVERAGE = 8
/** Speech in them that holds more than a word or two, in seconds. */
const LONG_SPEECH = 1.5
/** Of the least average log-probability, what a word that stands alone may have. */
const ALONE = 1.3

interface Entry {
  readonly segment: UnnumberedSegment
  readonly words: readonly TimedWord[]
}

class LongForm {
  readonly #context: LongFormContext
  readonly #decoder: WindowDecoder
  readonly #retries = new RetryBudget()
  /** In the order of the recording. */
  readonly #entries: Entry[] = []
  readonly #detected: ReadonlyMap<string, number>[] = []
  #language: string | undefined
  #languageProbability: number | undefined
  /** Settled when the first window with sound has a language. */
  #firstLanguage: PromiseWithResolvers<void> | undefined
  #seeking: SeekingWindows | undefined
  #previous: readonly number[] = []
  #nWindows = 0
  #coverageRetries = 0

  constructor(context: LongFormContext) {
    const { session, options, random = Math.random } = context
    this.#context = context
    this.#decoder = new WindowDecoder(session, options, { random, signal: context.signal })
    this.#language = context.language
  }

  async transcribe(samples: AsyncIterable<Float32Array>): Promise<Transcription> {
    const { options, session, speechProbability, onProgress } = this.#context
    const counted = new CountedSamples(samples)
    const speech = options.vadFilter ? new SpeechWindows(counted, speechProbability, options) : undefined
    // Without speech detection timestamp tokens alone tell where a text has ended, so each window awaits the last.
    const seeks = options.timestamps === 'tokens' && !options.vadFilter
    this.#seeking = seeks ? new SeekingWindows(counted) : undefined
    const isSequential = seeks || options.conditionOnPreviousText
    // More than the model computes at once would only hold samples.
    const atOnce = isSequential ? 1 : Math.min(options.batchSize ?? Number.POSITIVE_INFINITY, session.windowsAtOnce)
    const windows = session.watch(audible(speech ?? this.#seeking ?? cutWindows(counted)))

    await inOrder(this.#withLanguage(windows, seeks), atOnce, {
      begin: (window) => this.#begin(window),
      // Each is kept before the next, which may be prompted with it.
      finish: async (window, text) => {
        await this.#finish(text)
        onProgress?.(windowEnd(window))
      },
    })
    onProgress?.(counted.seconds)
    return this.#result(counted.seconds, speech?.removedSeconds ?? 0)
  }

  /**
   * The windows, with the language settled before the first where detection listens to several of them. Those that it has
   * heard are held meanwhile, at most `languageDetectionSegments`.
   */
  async *#withLanguage(windows: AsyncIterable<Window>, seeks: boolean): AsyncGenerator<Window> {
    const { options } = this.#context
    const isDetected = this.#language === undefined && !options.multilingual && !seeks
    let isOpen = isDetected && options.languageDetectionSegments > 1
    const held: Window[] = []
    const heard: ReadonlyMap<string, number>[] = []
    for await (const window of windows) {
      held.push(window)
      if (isOpen) {
        heard.push(await this.#decoder.detectLanguage(window))
        isOpen = !isDecided(heard, options)
        if (isOpen) continue
        this.#settleLanguage(heard)
      }
      yield* held.splice(0)
    }
    if (isOpen && heard.length > 0) this.#settleLanguage(heard)
    yield* held
  }

  /** Text of a window. Where the language is not known yet, the next one has to wait for it. */
  async #begin(window: Window): Promise<WindowText> {
    const { prefix, multilingual } = this.#context.options
    const hasPrefix = this.#nWindows === 0 && prefix !== undefined
    this.#nWindows++
    if (this.#language !== undefined || multilingual) return await this.#decode(window, hasPrefix)
    this.#firstLanguage ??= Promise.withResolvers<void>()
    if (this.#nWindows > 1) await this.#firstLanguage.promise
    try {
      return await this.#decode(window, hasPrefix)
    } finally {
      this.#firstLanguage.resolve()
    }
  }

  async #finish(text: WindowText): Promise<void> {
    const complete = this.#upToTheSeek(text)
    const nBefore = this.#entries.length
    this.#retries.spend(text.retries)
    const segments = await this.#keep(complete)
    await this.#decodeUncovered(complete, segments)
    const added = this.#entries.splice(nBefore).sort((a, b) => a.segment.start - b.segment.start)
    this.#entries.push(...added)
    if (!this.#mayDrop && added.length > 0) this.#context.onSegments?.(numbered(added, nBefore))
  }

  /** Whether a segment is kept may depend on those that follow it. */
  get #mayDrop(): boolean {
    return this.#context.options.hallucinationSilenceThreshold !== undefined
  }

  async #decode(window: Window, hasPrefix: boolean, mostRetries = this.#retries.left): Promise<WindowText> {
    const { multilingual, prefix } = this.#context.options
    const before: TextBefore = {
      language: multilingual ? undefined : this.#language,
      previous: this.#promptBefore(hasPrefix),
      prefix: hasPrefix ? this.#encode(prefix!) : [],
    }
    const choose = (probabilities: ReadonlyMap<string, number>) => this.#chooseLanguage(probabilities)
    return await this.#decoder.decode(window, before, choose, mostRetries)
  }

  /** Hotwords first, then what was said before: the nearest context is the last. */
  #promptBefore(hasPrefix: boolean): readonly number[] {
    const { initialPrompt, hotwords, conditionOnPreviousText } = this.#context.options
    const hints = hotwords !== undefined && !hasPrefix ? this.#encode(hotwords) : []
    const initial = initialPrompt === undefined ? [] : this.#encode(initialPrompt)
    return [...hints, ...initial, ...(conditionOnPreviousText ? this.#previous : [])]
  }

  #encode(text: string): number[] {
    return this.#context.session.model.tokenizer.encode(` ${text.trim()}`)
  }

  #chooseLanguage(probabilities: ReadonlyMap<string, number>): string {
    if (this.#context.options.multilingual) {
      const [language, probability] = likeliest(probabilities)
      this.#detected.push(probabilities)
      this.#language ??= language
      this.#languageProbability ??= probability
      return language
    }
    // The recording's first speech decides the language of the rest.
    if (this.#language === undefined) this.#settleLanguage([probabilities])
    this.#firstLanguage?.resolve()
    return this.#language!
  }

  #settleLanguage(detected: readonly ReadonlyMap<string, number>[]): void {
    const { language, probability } = chooseLanguage(detected, this.#context.options.languageDetectionThreshold)
    this.#detected.push(...detected)
    this.#language = language
    this.#languageProbability = probability
  }

  /** The complete part of a text where windows seek; the next window hears the rest again. */
  #upToTheSeek(text: WindowText): WindowText {
    if (!this.#seeking?.maySeek) return text
    const complete = completePart(text.decoded.tokens, this.#context.session.model.generation.timestampBegin)
    if (!complete) return text
    this.#seeking.seek(text.window.startSeconds + complete.seconds)
    return { ...text, decoded: { ...text.decoded, tokens: complete.tokens } }
  }

  /** Adds a window's text to the result and gives its segments. */
  async #keep(text: WindowText): Promise<readonly UnnumberedSegment[]> {
    const { options, session } = this.#context
    const { model } = session
    if (isSilence(text.decoded, options)) return []
    const { timestampBegin, eot } = model.generation
    const context = { options, tokenizer: model.tokenizer, timestampBegin, eot }
    const entries = segmentsOf(text, context).map((segment) => ({
      segment,
      words: (text.words ?? []).filter((word) => word.start >= segment.start && word.end <= segment.end),
    }))
    const heard = options.vadFilter ? entries : await this.#onlyHeard(entries, text.window)
    this.#entries.push(...heard)
    if (heard.length > 0) this.#remember(text)
    return heard.map(({ segment }) => segment)
  }

  /** Without the segments that are unsure of themselves and lie where there is no speech. */
  async #onlyHeard(entries: readonly Entry[], window: Window): Promise<readonly Entry[]> {
    const { options, speechProbability } = this.#context
    const isDoubted = entries.map((entry) => needsSpeech(entry, options.noSpeechThreshold))
    if (!isDoubted.includes(true)) return entries
    const found = await speechIn(window.samples, speechProbability, options.threshold)
    const speech = found.map(({ start, end }) => ({
      start: window.startSeconds + start,
      end: window.startSeconds + end,
    }))
    return entries.filter(({ segment }, i) => !isDoubted[i] || isHeard(segment, speech))
  }

  #remember({ decoded }: WindowText): void {
    const { options, session } = this.#context
    const { model } = session
    const isReliable = decoded.temperature <= options.promptResetOnTemperature
    const said = decoded.tokens.filter((token) => token < model.generation.eot)
    this.#previous = isReliable ? [...this.#previous, ...said].slice(-model.maxTextContext) : []
  }

  /** Decodes once more, each on its own, the stretches of a window's speech that its text leaves out, and keeps what they say. */
  async #decodeUncovered(text: WindowText, segments: readonly UnnumberedSegment[]): Promise<void> {
    const { options } = this.#context
    let left = MOST_COVERAGE
    const decodeLeft = async ({ window, words }: WindowText, kept: readonly UnnumberedSegment[]) => {
      const said = options.timestamps === 'tokens' ? kept : words && spansOfWords(words)
      if (said === undefined) return
      for (const span of uncovered(window, said)) {
        if (left-- <= 0) return
        this.#coverageRetries++
        const extra = await this.#decode(partOf(window, span), false, 1)
        this.#retries.spend(extra.retries)
        if (!this.#isBelievable(extra) || isSlip(extra, words ?? [])) continue
        // Of a word that is said many times it may have left out some again.
        await decodeLeft(extra, await this.#keep(extra))
      }
    }
    if (options.vadFilter) await decodeLeft(text, segments)
  }

  /**
   * What the model skipped once is often no speech after all, so it must be sure of itself. It is never as sure of a word that
   * stands alone as of a sentence, and rightly so; there the probability of silence decides.
   */
  #isBelievable({ window, decoded }: WindowText): boolean {
    const { logProbThreshold, noSpeechThreshold, temperature } = this.#context.options
    const { avgLogprob, noSpeechProb, ended } = decoded
    if (ended !== 'eot' || decoded.temperature !== temperature[0]) return false
    if (avgLogprob > logProbThreshold / 2) return true
    if (speechSeconds(window) >= LONG_SPEECH) return avgLogprob > logProbThreshold
    const isLikelySpeech = noSpeechProb < noSpeechThreshold / 2
    return noSpeechProb < noSpeechThreshold && avgLogprob > logProbThreshold * (isLikelySpeech ? ALONE : 1)
  }

  #result(durationSeconds: number, removedSeconds: number): Transcription {
    const { options } = this.#context
    const { contextRepeats, temperatureRetries } = this.#decoder.counts
    const language = this.#language ?? 'en' // nothing was said, so nothing was detected: Whisper's own default
    const credible =
      options.hallucinationSilenceThreshold === undefined
        ? this.#entries
        : withoutHallucinations(this.#entries, options.hallucinationSilenceThreshold, durationSeconds)
    const segments = numbered(credible, 0)
    if (this.#mayDrop && segments.length > 0) this.#context.onSegments?.(segments)
    return {
      text: joinTexts(segments),
      task: options.task,
      language,
      languageProbability: this.#languageProbability,
      durationSeconds,
      segments,
      warnings: warningsFor(segments, this.#languageProbability, language),
      statistics: {
        windows: this.#nWindows,
        removedSeconds,
        contextRepeats,
        temperatureRetries,
        coverageRetries: this.#coverageRetries,
        languageVotes: this.#detected.length > 0 ? languageVotes(this.#detected) : [],
      },
    }
  }
}

/**
 * Alignment ended a word before its sound did, or began one behind it, so that a bit of it was heard as a word of its own. Only
 * where all of the text is that word is it more likely said again.
 */
function isSlip({ window, decoded }: WindowText, said: readonly TimedWord[]): boolean {
  if (speechSeconds(window) >= LONG_SPEECH) return false
  const lettersOf = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, '')
  const found = lettersOf(decoded.text)
  const before = said.findLast(({ start }) => start < window.startSeconds)
  const after = said.find(({ start }) => start >= window.startSeconds)
  const isNeighbour = [before, after].some((word) => word && lettersOf(word.word) === found)
  return isNeighbour && said.some(({ word }) => ![found, ''].includes(lettersOf(word)))
}

function numbered(entries: readonly Entry[], firstId: number): Segment[] {
  return entries.map(({ segment }, i) => ({ id: firstId + i, ...segment }))
}

function warningsFor(segments: readonly Segment[], probability: number | undefined, language: string): string[] {
  const warnings: string[] = []
  const nDoubtful = segments.filter((segment) => segment.quality !== 'ok').length
  if (nDoubtful > 0) warnings.push(`${nDoubtful} of ${segments.length} segments are doubtful; see their quality.`)
  if (probability !== undefined && probability < 0.5) {
    warnings.push(`The language '${language}' was detected with a probability of only ${probability.toFixed(2)}.`)
  }
  return warnings
}

/** Passes samples on and counts them. */
class CountedSamples implements AsyncIterable<Float32Array> {
  readonly #samples: AsyncIterable<Float32Array>
  #nSamples = 0

  constructor(samples: AsyncIterable<Float32Array>) {
    this.#samples = samples
  }

  get seconds(): number {
    return secondsOf(this.#nSamples)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Float32Array> {
    for await (const chunk of this.#samples) {
      this.#nSamples += chunk.length
      yield chunk
    }
  }
}

/**
 * Begins work on items, at most `atOnce` at a time, and finishes them one after the other in their order. When one
 * fails, those that have begun are waited for before the failure is passed on.
 */
async function inOrder<T, R>(
  items: AsyncIterable<T>,
  atOnce: number,
  {
    begin,
    finish,
  }: {
    begin: (item: T) => Promise<R>
    finish: (item: T, result: R) => Promise<void>
  },
): Promise<void> {
  const underWay: { readonly item: T; readonly result: Promise<R> }[] = []
  const finishFirst = async () => {
    const { item, result } = underWay[0]!
    await finish(item, await result)
    underWay.shift()
  }
  try {
    for await (const item of items) {
      const result = begin(item)
      result.catch(() => {}) // it is waited for in its turn
      underWay.push({ item, result })
      if (underWay.length < atOnce) continue
      await finishFirst()
    }
    while (underWay.length > 0) await finishFirst()
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result))
  }
}
