/** A recording of any length → text: windows of speech, several under way, language, coverage, segments. */

import { joinTexts, type Segment, type Transcription } from '../transcript/index.ts'
import { type SpeechProbability, SpeechWindows } from '../vad/index.ts'
import { spansOfWords, uncovered } from './coverage.ts'
import { withoutHallucinations } from './hallucination.ts'
import { Hints } from './hints.ts'
import { chooseLanguage, isDecided, languageVotes, likeliest } from './language-choice.ts'
import type { ModelSession } from './model.ts'
import type { DecodingOptions } from './options.ts'
import { isSilence } from './quality.ts'
import { RetryBudget } from './retry-budget.ts'
import { completePart, segmentsOf, takeWords, type UnnumberedSegment } from './segments.ts'
import { lasting, type TimedWord } from './timed-words.ts'
import { isTextToken } from './token-kinds.ts'
import { type TextBefore, WindowDecoder, type WindowText } from './window-decoder.ts'
import { audible, cutWindows, partOf, SeekingWindows, secondsOf, type Window, windowEnd } from './windows.ts'

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

interface Entry {
  readonly segment: UnnumberedSegment
  readonly words: readonly TimedWord[]
}

class LongForm {
  readonly #context: LongFormContext
  readonly #decoder: WindowDecoder
  readonly #retries = new RetryBudget()
  readonly #hints: Hints
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
    this.#hints = new Hints(options, session.model)
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
    this.#retries.spend(text.retries)
    const kept = this.#keep(complete)
    const extras = await this.#decodeUncovered(
      complete,
      kept.map(({ segment }) => segment),
    )
    const added = extras.length > 0 ? this.#entriesOf(withRoomFor(extras, complete)) : kept
    for (const extra of extras) added.push(...this.#keep(extra))
    added.sort((a, b) => a.segment.start - b.segment.start)
    const nBefore = this.#entries.length
    this.#entries.push(...added)
    if (!this.#mayDrop && added.length > 0) this.#context.onSegments?.(numbered(added, nBefore))
  }

  /** Whether a segment is kept may depend on those that follow it. */
  get #mayDrop(): boolean {
    return this.#context.options.hallucinationSilenceThreshold !== undefined
  }

  async #decode(window: Window, hasPrefix: boolean): Promise<WindowText> {
    const { multilingual, conditionOnPreviousText } = this.#context.options
    const before: TextBefore = {
      language: multilingual ? undefined : this.#language,
      previous: this.#hints.before(conditionOnPreviousText ? this.#previous : [], !hasPrefix),
      prefix: hasPrefix ? this.#hints.prefix : [],
    }
    const choose = (probabilities: ReadonlyMap<string, number>) => this.#chooseLanguage(probabilities)
    return await this.#decoder.decode(window, before, choose, this.#retries.left)
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
    const { generation } = this.#context.session.model
    const complete = completePart(text.decoded.tokens, generation)
    if (!complete) return text
    const { startSeconds } = text.window
    const seek = startSeconds + complete.seconds
    this.#seeking.seek(seek)
    const nTokens = complete.tokens.filter((token) => isTextToken(generation, token)).length
    // The next window's words begin at the seek.
    const words = text.words && lasting(takeWords(text.words, 0, nTokens), { start: startSeconds, end: seek })
    return { ...text, words, decoded: { ...text.decoded, tokens: complete.tokens } }
  }

  /** The segments of a window's text, which is remembered as what was said before the next. */
  #keep(text: WindowText): Entry[] {
    const entries = this.#entriesOf(text)
    if (entries.length > 0) this.#remember(text)
    return entries
  }

  #entriesOf(text: WindowText): Entry[] {
    const { options, session } = this.#context
    const { model } = session
    if (isSilence(text.decoded, options)) return []
    return segmentsOf(text, { options, tokenizer: model.tokenizer, ids: model.generation }).map((segment) => {
      const words = (text.words ?? []).filter((word) => word.start >= segment.start && word.end <= segment.end)
      return { segment, words }
    })
  }

  #remember({ decoded }: WindowText): void {
    const { options, session } = this.#context
    const { model } = session
    const isReliable = decoded.temperature <= options.promptResetOnTemperature
    const said = decoded.tokens.filter((token) => isTextToken(model.generation, token))
    this.#previous = isReliable ? [...this.#previous, ...said].slice(-model.maxTextContext) : []
  }

  /** Decodes once more, each on its own, the stretches of a window's speech that its text leaves out. */
  async #decodeUncovered(text: WindowText, segments: readonly UnnumberedSegment[]): Promise<WindowText[]> {
    const { options } = this.#context
    const said = options.timestamps === 'tokens' ? segments : text.words && spansOfWords(text.words)
    if (!options.vadFilter || said === undefined) return []
    const found: WindowText[] = []
    for (const span of uncovered(text.window, said)) {
      this.#coverageRetries++
      const extra = await this.#decode(partOf(text.window, span), false)
      this.#retries.spend(extra.retries)
      // Sure of itself or left out: what the model skipped once is often no speech after all.
      const isSure = extra.decoded.avgLogprob > options.logProbThreshold / 2 && extra.decoded.ended === 'eot'
      if (isSure) found.push(extra)
    }
    return found
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
      warnings: [...this.#hints.warnings, ...warningsFor(segments, this.#languageProbability, language)],
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

/** The text with its overlong words cut where they cover what was said in them, and the extras say. */
function withRoomFor(extras: readonly WindowText[], text: WindowText): WindowText {
  const said = extras.flatMap(({ words }) => words ?? [])
  const credible = text.words && spansOfWords(text.words)
  const words = text.words?.map((word, i) => {
    const holdsOthers = said.some(({ start, end }) => start < word.end && end > word.start)
    return holdsOthers ? { ...word, ...credible![i]! } : word // one for each word
  })
  return { ...text, words }
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
