/** A recording of any length → text: windows of speech, batches, language, coverage, segments. */

import { isWrittenWithoutSpaces } from '../decode/index.ts'
import { type SpeechProbability, SpeechWindows } from '../speech/index.ts'
import type { Segment, Transcription } from '../transcript/index.ts'
import { spansOfWords, uncovered } from './coverage.ts'
import { withoutHallucinations } from './hallucination.ts'
import { chooseLanguage, languageVotes, likeliest } from './language-choice.ts'
import type { DecodingOptions } from './options.ts'
import { isSilence } from './quality.ts'
import { completePart, segmentsOf, type UnnumberedSegment } from './segments.ts'
import type { TimedWord } from './timed-words.ts'
import { type BatchPrompt, WindowDecoder, type WindowText } from './window-decoder.ts'
import type { WindowModel } from './window-model.ts'
import { cutWindows, partOf, SeekingWindows, secondsOf, type Window, windowEnd } from './windows.ts'

/** Below this peak (-66 dB) a window is digital silence or a muted microphone; models invent words there. */
const SILENCE_PEAK = 5e-4

export interface LongFormContext {
  readonly model: WindowModel
  readonly options: DecodingOptions
  /** Probability that a frame of this recording is speech; needed where `vadFilter` is on. */
  readonly speechProbability: SpeechProbability
  /** Code of a language token; undefined: detected. */
  readonly language: string | undefined
  readonly signal: AbortSignal
  /** Uniform in [0, 1). */
  readonly random?: () => number
  /** Told after each batch how much of the recording is done. */
  readonly onProgress?: ((doneSeconds: number) => void) | undefined
}

/**
 * Transcribes a whole recording, holding one batch of windows at a time.
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
  readonly #entries: Entry[] = []
  readonly #detected: ReadonlyMap<string, number>[] = []
  #language: string | undefined
  #languageProbability: number | undefined
  #seeking: SeekingWindows | undefined
  #previous: readonly number[] = []
  #nWindows = 0
  #coverageRetries = 0

  constructor(context: LongFormContext) {
    const { model, options, signal, random = Math.random } = context
    this.#context = context
    this.#decoder = new WindowDecoder(model, options, { random, signal })
    this.#language = context.language
  }

  async transcribe(samples: AsyncIterable<Float32Array>): Promise<Transcription> {
    const { options, model, speechProbability, onProgress } = this.#context
    const counted = new CountedSamples(samples)
    const speech = options.vadFilter ? new SpeechWindows(counted, speechProbability, options) : undefined
    // Without speech detection timestamp tokens alone tell where a text has ended, so each window awaits the last.
    const seeks = options.timestamps === 'tokens' && !options.vadFilter
    this.#seeking = seeks ? new SeekingWindows(counted) : undefined
    const isSequential = seeks || options.conditionOnPreviousText
    const batchSize = isSequential ? 1 : (options.batchSize ?? model.batchSize(options.beamSize))
    // Detection over several windows needs them at hand before the first is decoded.
    const nDetected = this.#language === undefined && !seeks ? options.languageDetectionSegments : 1
    const firstSize = Math.max(batchSize, nDetected)

    for await (const batch of batches(speech ?? this.#seeking ?? cutWindows(counted), firstSize, batchSize)) {
      const audible = batch.filter(({ samples }) => !isSilent(samples))
      if (audible.length > 0) await this.#decodeBatch(audible, batchSize)
      onProgress?.(windowEnd(batch.at(-1)!))
    }
    onProgress?.(counted.seconds)
    return this.#result(counted.seconds, speech?.removedSeconds ?? 0)
  }

  async #decodeBatch(windows: readonly Window[], batchSize: number): Promise<void> {
    const { options } = this.#context
    if (this.#language === undefined && options.languageDetectionSegments > 1 && !options.multilingual) {
      await this.#detectOver(windows.slice(0, options.languageDetectionSegments))
    }
    const isFirst = this.#nWindows === 0
    this.#nWindows += windows.length
    const hasPrefix = isFirst && options.prefix !== undefined
    for (const group of this.#groups(windows, batchSize, hasPrefix)) {
      // Each group is kept before the next is decoded, which may be prompted with it; the result sorts them all.
      for (const decoded of await this.#decodeGroup(group, hasPrefix && group[0] === windows[0])) {
        const text = this.#upToTheSeek(decoded)
        const segments = this.#keep(text)
        for (const extra of await this.#decodeUncovered(text, segments)) this.#keep(extra)
      }
    }
  }

  /**
   * Windows of one context, and not more than fit a batch, in the order of their first; the one with the prefix has
   * another prompt, so it is alone.
   */
  #groups(windows: readonly Window[], batchSize: number, hasPrefix: boolean): Window[][] {
    const [first, ...rest] = windows
    const groups = Map.groupBy(hasPrefix ? rest : windows, (window) => this.#decoder.contextOf(window))
    const limited = [...groups.values()].flatMap((group) =>
      Array.from({ length: Math.ceil(group.length / batchSize) }, (_, i) =>
        group.slice(i * batchSize, (i + 1) * batchSize),
      ),
    )
    limited.sort(([a], [b]) => a!.startSeconds - b!.startSeconds)
    return hasPrefix ? [[first!], ...limited] : limited
  }

  async #decodeGroup(windows: readonly Window[], hasPrefix: boolean): Promise<WindowText[]> {
    const { multilingual, prefix } = this.#context.options
    const isKnown = this.#language !== undefined && !multilingual
    const prompt: BatchPrompt = {
      languages: isKnown ? windows.map(() => this.#language!) : undefined,
      previous: this.#promptBefore(hasPrefix),
      prefix: hasPrefix ? this.#encode(prefix!) : [],
    }
    return await this.#decoder.decode(windows, prompt, (probabilities) => this.#chooseLanguages(probabilities))
  }

  /** Hotwords first, then what was said before: the nearest context is the last. */
  #promptBefore(hasPrefix: boolean): readonly number[] {
    const { initialPrompt, hotwords, conditionOnPreviousText } = this.#context.options
    const hints = hotwords !== undefined && !hasPrefix ? this.#encode(hotwords) : []
    const initial = initialPrompt === undefined ? [] : this.#encode(initialPrompt)
    return [...hints, ...initial, ...(conditionOnPreviousText ? this.#previous : [])]
  }

  #encode(text: string): number[] {
    return this.#context.model.tokenizer.encode(` ${text.trim()}`)
  }

  async #detectOver(windows: readonly Window[]): Promise<void> {
    const detected: ReadonlyMap<string, number>[] = []
    for (const window of windows) {
      detected.push(...(await this.#decoder.detectLanguages([window])))
      if (likeliest(detected.at(-1)!)[1] > this.#context.options.languageDetectionThreshold) break
    }
    this.#settleLanguage(detected)
  }

  #chooseLanguages(probabilities: readonly ReadonlyMap<string, number>[]): readonly string[] {
    if (this.#context.options.multilingual) {
      this.#detected.push(...probabilities)
      const languages = probabilities.map((window) => likeliest(window)[0])
      this.#language ??= languages[0]!
      this.#languageProbability ??= likeliest(probabilities[0]!)[1]
      return languages
    }
    // The recording's first speech decides the language of the rest.
    if (this.#language === undefined) this.#settleLanguage(probabilities.slice(0, 1))
    return probabilities.map(() => this.#language!)
  }

  #settleLanguage(detected: readonly ReadonlyMap<string, number>[]): void {
    const { language, probability } = chooseLanguage(detected, this.#context.options.languageDetectionThreshold)
    this.#detected.push(...detected)
    this.#language = language
    this.#languageProbability = probability
  }

  /** Where windows seek: the part of a text that is complete; the rest will be heard again by the next window. */
  #upToTheSeek(text: WindowText): WindowText {
    if (!this.#seeking) return text
    const complete = completePart(text.decoded.tokens, this.#context.model.generation.timestampBegin)
    if (!complete) return text
    this.#seeking.seek(text.window.startSeconds + complete.seconds)
    return { ...text, decoded: { ...text.decoded, tokens: complete.tokens } }
  }

  /** Adds a window's text to the result and gives its segments. */
  #keep(text: WindowText): readonly UnnumberedSegment[] {
    const { model, options } = this.#context
    if (isSilence(text.decoded, options)) return []
    const context = { options, tokenizer: model.tokenizer, timestampBegin: model.generation.timestampBegin }
    const segments = segmentsOf(text, context)
    for (const segment of segments) {
      const words = (text.words ?? []).filter((word) => word.start >= segment.start && word.end <= segment.end)
      this.#entries.push({ segment, words })
    }
    if (segments.length > 0) this.#remember(text)
    return segments
  }

  #remember({ decoded }: WindowText): void {
    const { model, options } = this.#context
    const isReliable = decoded.temperature <= options.promptResetOnTemperature
    const said = decoded.tokens.filter((token) => token < model.generation.eot)
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
      const [extra] = await this.#decodeGroup([partOf(text.window, span)], false)
      // Sure of itself or left out: what the model skipped once is often no speech after all.
      const isSure = extra!.decoded.avgLogprob > options.logProbThreshold / 2 && extra!.decoded.ended === 'eot'
      if (isSure) found.push(extra!)
    }
    return found
  }

  #result(durationSeconds: number, removedSeconds: number): Transcription {
    const { options } = this.#context
    const { contextRepeats, temperatureRetries } = this.#decoder.counts
    const language = this.#language ?? 'en' // nothing was said, so nothing was detected: Whisper's own default
    const entries = this.#entries.toSorted((a, b) => a.segment.start - b.segment.start)
    const credible =
      options.hallucinationSilenceThreshold === undefined
        ? entries
        : withoutHallucinations(entries, options.hallucinationSilenceThreshold, durationSeconds)
    const segments = credible.map(({ segment }, id): Segment => ({ id, ...segment }))
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

/** Tokens carry their own spaces; where a window's text begins without one, the language decides whether to add it. */
function joinTexts(segments: readonly Segment[]): string {
  let text = ''
  for (const segment of segments) {
    const needsSpace = text !== '' && !/^\s/.test(segment.text) && !isWrittenWithoutSpaces(segment.language)
    text += (needsSpace ? ' ' : '') + segment.text
  }
  return text.trim()
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

function isSilent(samples: Float32Array): boolean {
  return samples.every((sample) => Math.abs(sample) < SILENCE_PEAK)
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

/** The first batch may be larger than the rest. */
async function* batches<T>(items: AsyncIterable<T>, firstSize: number, size: number): AsyncGenerator<T[]> {
  let batch: T[] = []
  let wanted = firstSize
  for await (const item of items) {
    batch.push(item)
    if (batch.length < wanted) continue
    yield batch
    batch = []
    wanted = size
  }
  if (batch.length > 0) yield batch
}
