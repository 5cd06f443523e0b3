/** Probabilities of speech → spans of speech, with hysteresis. */

import { SAMPLE_RATE } from '../whisper-constants.ts'
import { FRAME_SAMPLES } from './frames.ts'

/** Samples of the recording: from `start`, up to and without `end`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A shorter dip is the closure of a consonant and no pause; silero's `min_silence_at_max_speech`. */
const PAUSE_SAMPLES = 0.098 * SAMPLE_RATE

/**
 * Speech begins with a frame at the threshold and ends where the probability stays below a lower one for 98 ms.
 *
 * These are the finest spans that mean something. What is joined over longer pauses, dropped for being short or cut
 * for being long is decided by who knows the window, so that the pauses inside a window are not forgotten.
 *
 * @see snakers4/silero-vad:src/silero_vad/utils_vad.py `get_speech_timestamps` — same thresholds, same borders.
 */
export class SpanFinder {
  readonly #threshold: number
  readonly #endThreshold: number
  #heard = 0
  #start: number | undefined
  /** Where the running speech ends, unless it goes on within 98 ms. */
  #mayEnd: number | undefined

  constructor(threshold: number) {
    this.#threshold = threshold
    this.#endThreshold = Math.max(threshold - 0.15, 0.01)
  }

  /** Start of the speech that is going on. */
  get openStart(): number | undefined {
    return this.#start
  }

  /**
   * @param probability  of the next frame.
   * @returns            a span that is now known to have ended.
   */
  push(probability: number): Span | undefined {
    const frameStart = this.#heard
    this.#heard += FRAME_SAMPLES
    if (probability >= this.#threshold) {
      this.#start ??= frameStart
      this.#mayEnd = undefined
    } else if (this.#start !== undefined && probability < this.#endThreshold) {
      this.#mayEnd ??= frameStart
      if (frameStart - this.#mayEnd >= PAUSE_SAMPLES) return this.#close(this.#mayEnd)
    }
    return undefined
  }

  /** Ends the running speech at `place`, where it goes on as a new span. */
  cut(place: number): Span {
    const span = { start: this.#start!, end: place } // only running speech is cut
    this.#start = place
    if (this.#mayEnd !== undefined && this.#mayEnd <= place) this.#mayEnd = undefined
    return span
  }

  /** Call it once, at the end of the recording, `nSamples` long. */
  end(nSamples: number): Span | undefined {
    return this.#start === undefined ? undefined : this.#close(Math.min(this.#mayEnd ?? nSamples, nSamples))
  }

  #close(end: number): Span {
    const span = { start: this.#start!, end } // only called while speech is going on
    this.#start = undefined
    this.#mayEnd = undefined
    return span
  }
}
