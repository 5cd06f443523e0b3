/** Spans of speech → where windows begin and end. */

import { SAMPLE_RATE, WINDOW_SECONDS } from '../whisper-constants.ts'
import { FRAME_SAMPLES, type Frame } from './frames.ts'
import type { SpeechOptions } from './options.ts'
import { type Span, SpanFinder } from './speech-spans.ts'

/** The longest window that the encoder takes. */
const WINDOW_SAMPLES = WINDOW_SECONDS * SAMPLE_RATE
/** Padding never takes more of a window than leaves this much for speech. */
const LEAST_SPEECH_SAMPLES = 10 * SAMPLE_RATE
/** Speech without a pause is cut where this many frames (160 ms) hold the least energy. */
const QUIET_FRAMES = 5

/** A window to be, in samples of the recording. */
export interface WindowPlan extends Span {
  /** The speech in it, in order, apart by at least 98 ms, at least one span. */
  readonly speech: readonly Span[]
}

/** Speech that belongs together; it may still be going on. */
interface Stretch {
  readonly start: number
  /** The spans that have ended. */
  spans: Span[]
  /** From `start` on, one for each frame. */
  energies: number[]
  /** Part of longer speech that was cut, which is never too short to keep. */
  readonly isRest: boolean
}

/**
 * Joins spans over short pauses, cuts what gets too long, drops what is too short and pads the rest. A pure state
 * machine: it is shown frame after frame and hands out a window as soon as nothing can change it.
 */
export class WindowPlanner {
  readonly #finder: SpanFinder
  readonly #minSpeech: number
  readonly #minSilence: number
  readonly #maxSpeech: number
  readonly #pad: number
  #heard = 0
  #stretch: Stretch | undefined
  /** A stretch that is complete but does not know yet how far its padding may reach. */
  #unpadded: readonly Span[] | undefined
  /** End of the last window; no later one reaches behind it. */
  #lastEnd = 0

  constructor(options: SpeechOptions) {
    const samples = (ms: number) => Math.round((ms * SAMPLE_RATE) / 1000)
    this.#finder = new SpanFinder(options.threshold)
    this.#minSpeech = samples(options.minSpeechDurationMs)
    this.#minSilence = samples(options.minSilenceDurationMs)
    this.#pad = Math.min(samples(options.speechPadMs), (WINDOW_SAMPLES - LEAST_SPEECH_SAMPLES) / 2)
    this.#maxSpeech = Math.min(samples(options.maxSpeechDurationS * 1000), WINDOW_SAMPLES - 2 * this.#pad)
  }

  /** No window to come holds a sample before this one. */
  get neededFrom(): number {
    const start = this.#unpadded?.[0]?.start ?? this.#stretch?.start ?? this.#heard
    return Math.max(this.#lastEnd, start - this.#pad)
  }

  /** @returns the windows that this frame makes certain. */
  push({ nSamples, probability, energy }: Frame): WindowPlan[] {
    const plans: WindowPlan[] = []
    const frameEnd = this.#heard + FRAME_SAMPLES
    this.#heard += nSamples

    const ended = this.#finder.push(probability)
    const openStart = this.#finder.openStart
    if (openStart !== undefined) {
      this.#stretch ??= { start: openStart, spans: [], energies: [], isRest: false }
      plans.push(...this.#padUpTo(this.#halfway(openStart)))
    }
    const stretch = this.#stretch
    if (stretch) {
      if (ended) stretch.spans.push(ended)
      stretch.energies.push(energy)
      if (openStart === undefined) this.#closeAfterSilence(stretch)
      else if (frameEnd - stretch.start > this.#maxSpeech) plans.push(...this.#cut(stretch, openStart))
    }
    // After a pause of twice the padding, whatever comes leaves both sides all of theirs.
    if (this.#heard - this.#unpaddedEnd >= 2 * this.#pad) plans.push(...this.#padUpTo(this.#heard))
    return plans
  }

  /** Call it once, after the last frame. */
  end(): WindowPlan[] {
    const ended = this.#finder.end(this.#heard)
    if (this.#stretch) {
      if (ended) this.#stretch.spans.push(ended)
      this.#close(this.#stretch)
    }
    return [...this.#padUpTo(this.#heard)]
  }

  /** In silence: nothing can join any more once the pause is long, or the window would be. */
  #closeAfterSilence(stretch: Stretch): void {
    const pause = this.#heard - stretch.spans.at(-1)!.end // silent, so at least one span has ended
    if (pause >= this.#minSilence || this.#heard - stretch.start >= this.#maxSpeech) this.#close(stretch)
  }

  #close({ start, spans, isRest }: Stretch): void {
    const isLongEnough = isRest || spans.at(-1)!.end - start >= this.#minSpeech // closed, so it has spans
    if (isLongEnough) this.#unpadded = spans
    this.#stretch = undefined
  }

  /** Splits a stretch that got too long; what follows the cut stays the running stretch. */
  *#cut(stretch: Stretch, openStart: number): Generator<WindowPlan> {
    const pause = this.#bestPause(stretch, openStart)
    const place = pause?.start ?? this.#quietestPlace(stretch)
    const goesOn = pause?.end ?? place
    if (!pause) stretch.spans.push(this.#finder.cut(place))
    this.#unpadded = stretch.spans.filter((span) => span.start < place)
    this.#stretch = {
      start: goesOn,
      spans: stretch.spans.filter((span) => span.start >= goesOn),
      energies: stretch.energies.slice((goesOn - stretch.start) / FRAME_SAMPLES),
      isRest: true,
    }
    yield* this.#padUpTo(this.#halfway(goesOn))
  }

  /** The longest pause of the last two thirds, so that no window gets short without need; else the longest of all. */
  #bestPause({ start, spans }: Stretch, openStart: number): Span | undefined {
    const pauses = spans.map((span, i) => ({ start: span.end, end: spans[i + 1]?.start ?? openStart }))
    const late = pauses.filter((pause) => pause.start >= start + this.#maxSpeech / 3)
    const candidates = late.length > 0 ? late : pauses
    return candidates.toSorted((a, b) => b.end - b.start - (a.end - a.start))[0]
  }

  /** Middle of the quietest 160 ms in the last third of a stretch without pauses. */
  #quietestPlace({ start, energies }: Stretch): number {
    const nFrames = Math.floor(this.#maxSpeech / FRAME_SAMPLES)
    let quietest = nFrames
    let least = Number.POSITIVE_INFINITY
    for (let from = Math.ceil((2 * nFrames) / 3); from + QUIET_FRAMES <= nFrames; from++) {
      const energy = energies.slice(from, from + QUIET_FRAMES).reduce((sum, value) => sum + value, 0)
      if (energy < least) {
        least = energy
        quietest = from + Math.floor(QUIET_FRAMES / 2)
      }
    }
    return start + quietest * FRAME_SAMPLES
  }

  get #unpaddedEnd(): number {
    return this.#unpadded?.at(-1)?.end ?? this.#heard
  }

  /** Both sides of a pause that is too short for two paddings get half of it. */
  #halfway(nextStart: number): number {
    return Math.floor((this.#unpaddedEnd + nextStart) / 2)
  }

  /** Pads the complete stretch, if there is one, at its end not beyond `limit`. */
  *#padUpTo(limit: number): Generator<WindowPlan> {
    const speech = this.#unpadded
    if (!speech) return
    const start = Math.max(this.#lastEnd, speech[0]!.start - this.#pad) // a stretch has at least one span
    this.#lastEnd = Math.min(this.#unpaddedEnd + this.#pad, limit)
    this.#unpadded = undefined
    yield { start, end: this.#lastEnd, speech }
  }
}
