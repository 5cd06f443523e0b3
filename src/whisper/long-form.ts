/** A recording of any length → text: windows of speech, several under way, language, coverage, segments. */

import { joinTexts, type Segment, type Transcription } from '../transcript/index.ts'
import { type SpeechProbability, SpeechWindows, speechIn } from '../vad/index.ts'
import { isBelievable, isSlip, spansOfWords, uncovered, withRoomFor } from './coverage.ts'
import { withoutHallucinations } from './hallucination.ts'
import { Hints } from './hints.ts'
import { inOrder } from './in-order.ts'
import type { ModelSession } from './model.ts'
import type { DecodingOptions } from './options.ts'
import { isSilence } from './quality.ts'
import { RecordingLanguage } from './recording-language.ts'
import { RetryBudget } from './retry-budget.ts'
import { completePart, segmentsOf, takeWords, type UnnumberedSegment } from './segments.ts'
import { lasting, type TimedWord } from './timed-words.ts'
import { isTextToken } from './token-kinds.ts'
import { isHeard, needsSpeech } from './unheard.ts'
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
interface Entry {
  readonly segment: UnnumberedSegment
  readonly words: readonly TimedWord[]
}

/** What was said in a stretch that a window's text left out; without its samples, since there may be several. */
interface Extra extends Pick<WindowText, 'decoded' | 'words'> {
  readonly entries: readonly Entry[]
}

/** How a window is decoded. */
interface DecodeRequest {
  /** undefined: `choose` decides. */
  readonly language: string | undefined
  readonly choose: (probabilities: ReadonlyMap<string, number>) => string
  readonly mostRetries: number
}

class LongForm {
  readonly #context: LongFormContext
  readonly #decoder: WindowDecoder
  readonly #retries = new RetryBudget()
  readonly #hints: Hints
  /** In the order of the recording. */
  readonly #entries: Entry[] = []
  readonly #language: RecordingLanguage
  /** Texts of the first windows, while the language is open. */
  readonly #waiting: WindowText[] = []
  #firstWindow: Window | undefined
  /** Without speech detection timestamp tokens alone tell where a text has ended, so each window awaits the last. */
  readonly #seeks: boolean
  #seeking: SeekingWindows | undefined
  #previous: readonly number[] = []
  #nWindows = 0
  #coverageRetries = 0

  constructor(context: LongFormContext) {
    const { session, options } = context
    this.#context = context
    this.#decoder = new WindowDecoder(session, options, context.signal)
    this.#hints = new Hints(options, session.model)
    this.#seeks = options.timestamps === 'tokens' && !options.vadFilter
    // The place of the next window depends on the text where windows seek.
    this.#language = new RecordingLanguage(context.language, options, this.#seeks)
  }

  async transcribe(samples: AsyncIterable<Float32Array>): Promise<Transcription> {
    const { options, session, speechProbability, onProgress } = this.#context
    const counted = new CountedSamples(samples)
    const speech = options.vadFilter ? new SpeechWindows(counted, speechProbability, options) : undefined
    this.#seeking = this.#seeks ? new SeekingWindows(counted) : undefined
    const isSequential = this.#seeks || options.conditionOnPreviousText
    // More than the model computes at once would only hold samples.
    const atOnce = isSequential ? 1 : Math.min(options.batchSize ?? Number.POSITIVE_INFINITY, session.windowsAtOnce)
    const windows = session.watch(audible(speech ?? this.#seeking ?? cutWindows(counted)))

    await inOrder(windows, atOnce, {
      begin: (window) => this.#begin(window),
      // Each is kept before the next, which may be prompted with it.
      finish: async (window, text) => {
        await this.#finish(text)
        onProgress?.(windowEnd(window))
      },
    })
    this.#language.close()
    await this.#keepWaiting()
    onProgress?.(counted.seconds)
    return this.#result(counted.seconds, speech?.removedSeconds ?? 0)
  }

  /**
   * Text of a window. While the recording's language is open, it is written in the one that leads by then: mostly that is
   * the right one, and nothing has to be encoded twice.
   */
  async #begin(window: Window): Promise<WindowText> {
    this.#firstWindow ??= window
    this.#nWindows++
    const mostRetries = this.#retries.left
    using turn = this.#language.turnOf(window)
    return await this.#decode(window, { language: await turn.known(), choose: turn.choose, mostRetries })
  }

  async #finish(text: WindowText): Promise<void> {
    this.#waiting.push(this.#upToTheSeek(text))
    this.#retries.spend(text.retries)
    // All that have begun vote first, so that what happens next does not depend on which of them is faster.
    if (this.#language.isOpen) await this.#language.begunAreHeard
    if (!this.#language.isOpen) await this.#keepWaiting()
  }

  /** Keeps the texts that have waited for the language; one in another is written again, as is what was prompted with it. */
  async #keepWaiting(): Promise<void> {
    let isPromptOther = false
    for (const text of this.#waiting.splice(0)) {
      const { language } = text.decoded
      const other = this.#language.insteadOf(language)
      const isKept = other === undefined && !isPromptOther
      if (!isKept) isPromptOther = this.#context.options.conditionOnPreviousText
      await this.#keepAll(isKept ? text : await this.#decodeIn(other ?? language, text.window))
    }
  }

  /** Keeps a window's text, and what its speech holds beside. */
  async #keepAll(text: WindowText): Promise<void> {
    const kept = await this.#keep(text)
    const extras = await this.#decodeUncovered(text)
    const added = extras.length > 0 ? this.#entriesOf(withRoom(text, extras)) : kept
    for (const { entries, decoded } of extras) {
      added.push(...entries)
      if (entries.length > 0) this.#previous = this.#after(this.#previous, { decoded })
    }
    added.sort((a, b) => a.segment.start - b.segment.start)
    const nBefore = this.#entries.length
    this.#entries.push(...added)
    if (!this.#mayDrop && added.length > 0) this.#context.onSegments?.(numbered(added, nBefore))
  }

  /** Whether a segment is kept may depend on those that follow it. */
  get #mayDrop(): boolean {
    return this.#context.options.hallucinationSilenceThreshold !== undefined
  }

  async #decodeIn(language: string, window: Window): Promise<WindowText> {
    const text = await this.#decode(window, { language, choose: () => language, mostRetries: this.#retries.left })
    this.#retries.spend(text.retries)
    return text
  }

  /** A stretch that a window's text left out. Without any hints: over a word or two the model prefers them to what it hears. */
  async #decodeAgain(language: string, window: Window): Promise<WindowText> {
    const text = await this.#decoder.decode(window, { language, previous: [], prefix: [] }, () => language, 1)
    this.#retries.spend(text.retries)
    return text
  }

  async #decode(window: Window, { language, choose, mostRetries }: DecodeRequest): Promise<WindowText> {
    const prefix = window === this.#firstWindow ? this.#hints.prefix : []
    const { conditionOnPreviousText } = this.#context.options
    const said = conditionOnPreviousText
      ? this.#waiting.reduce((said, text) => this.#after(said, text), this.#previous)
      : []
    const before: TextBefore = { language, previous: this.#hints.before(said, prefix.length === 0), prefix }
    return await this.#decoder.decode(window, before, choose, mostRetries)
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
  async #keep(text: WindowText): Promise<Entry[]> {
    const all = this.#entriesOf(text)
    const entries = this.#context.options.vadFilter ? all : await this.#onlyHeard(all, text.window)
    if (entries.length > 0) this.#previous = this.#after(this.#previous, text)
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

  /** Without the segments that are unsure of themselves and lie where there is no speech. */
  async #onlyHeard(entries: Entry[], window: Window): Promise<Entry[]> {
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

  /** Tokens that a window is prompted with: `said`, and the text behind it, unless that can't be relied on. */
  #after(said: readonly number[], { decoded }: Pick<WindowText, 'decoded'>): readonly number[] {
    const { options, session } = this.#context
    const { model } = session
    if (isSilence(decoded, options)) return said
    if (decoded.temperature > options.promptResetOnTemperature) return []
    const text = decoded.tokens.filter((token) => isTextToken(model.generation, token))
    return [...said, ...text].slice(-model.maxTextContext)
  }

  /** Decodes once more, each on its own, the stretches of a window's speech that its text leaves out. */
  async #decodeUncovered(text: WindowText): Promise<Extra[]> {
    const before = this.#coverageRetries
    const mayGoOn = () => this.#coverageRetries - before < MOST_COVERAGE
    return this.#context.options.vadFilter ? await this.#decodeLeft(text, mayGoOn) : []
  }

  async #decodeLeft(text: WindowText, mayGoOn: () => boolean): Promise<Extra[]> {
    const { window, words, decoded } = text
    const said =
      this.#context.options.timestamps === 'tokens'
        ? this.#entriesOf(text).map(({ segment }) => segment)
        : words && spansOfWords(words)
    const found: Extra[] = []
    for (const span of said === undefined ? [] : uncovered(window, said)) {
      if (!mayGoOn()) break
      this.#coverageRetries++
      const extra = await this.#decodeAgain(decoded.language, partOf(window, span))
      if (!isBelievable(extra, this.#context.options) || isSlip(extra, words ?? [])) continue
      // Of a word that is said many times it may have left out some again.
      const inside = await this.#decodeLeft(extra, mayGoOn)
      const entries = this.#entriesOf(inside.length > 0 ? withRoom(extra, inside) : extra)
      found.push({ entries, words: extra.words, decoded: extra.decoded }, ...inside)
    }
    return found
  }

  #result(durationSeconds: number, removedSeconds: number): Transcription {
    const { options } = this.#context
    const { contextRepeats, temperatureRetries } = this.#decoder.counts
    const { language, probability, votes } = this.#language.result
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
      languageProbability: probability,
      durationSeconds,
      segments,
      warnings: [...this.#hints.warnings, ...warningsFor(segments, probability, language)],
      statistics: {
        windows: this.#nWindows,
        removedSeconds,
        contextRepeats,
        temperatureRetries,
        coverageRetries: this.#coverageRetries,
        languageVotes: votes,
      },
    }
  }
}

/** The text, whose overlong words leave room for what the extras say. */
function withRoom(text: WindowText, extras: readonly Extra[]): WindowText {
  const said = extras.flatMap(({ words }) => words ?? [])
  return { ...text, words: text.words && withRoomFor(said, text.words) }
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
