/** A recording → the windows in which somebody speaks. */

import { SAMPLE_RATE } from '../whisper-constants.ts'
import { listen, type SpeechProbability } from './frames.ts'
import type { SpeechOptions } from './options.ts'
import { SampleBuffer } from './sample-buffer.ts'
import type { Span } from './speech-spans.ts'
import { type WindowPlan, WindowPlanner } from './window-planner.ts'

/** A window of at most 30 s waits for at most 20 s, twice the longest padding, to learn where it ends. */
const HELD_SAMPLES = 60 * SAMPLE_RATE

/** A stretch of the recording with speech in it. */
export interface SpeechWindow {
  /** [N] at 16 kHz, contiguous, at most 30 s; owned by the receiver. */
  readonly samples: Float32Array
  /** Place of the first sample in the recording. */
  readonly startSeconds: number
  /** Where in the recording, in seconds, somebody speaks: in order, apart by pauses, inside the window. */
  readonly speech: readonly Span[]
}

/**
 * Windows of speech, in order, no sample in two of them. Can be gone through once; holds at most 60 s of samples.
 *
 * Neighbours with a shorter pause than `minSilenceDurationMs` share a window up to `maxSpeechDurationS`: Whisper skips
 * what follows a long pause, and knows more the more it hears.
 */
export class SpeechWindows implements AsyncIterable<SpeechWindow> {
  readonly #chunks: AsyncIterable<Float32Array>
  readonly #probability: SpeechProbability
  readonly #planner: WindowPlanner
  readonly #held = new SampleBuffer(HELD_SAMPLES)
  /** Samples that are in a window. */
  #nKept = 0

  /**
   * @param chunks       pieces of any length of one recording, 16 kHz mono.
   * @param probability  is given each frame in order, but for long silence; it must know nothing of other recordings.
   */
  constructor(chunks: AsyncIterable<Float32Array>, probability: SpeechProbability, options: SpeechOptions) {
    this.#chunks = chunks
    this.#probability = probability
    this.#planner = new WindowPlanner(options)
  }

  /** How much of the recording has been read; all of it once the windows have ended. */
  get readSeconds(): number {
    return this.#held.end / SAMPLE_RATE
  }

  /** What is in no window; final once the windows have ended. */
  get removedSeconds(): number {
    return (this.#held.end - this.#nKept) / SAMPLE_RATE
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SpeechWindow, void, undefined> {
    for await (const { samples, frames } of listen(this.#chunks, this.#probability)) {
      this.#held.append(samples)
      for (const frame of frames) {
        for (const plan of this.#planner.push(frame)) yield this.#take(plan)
      }
      this.#held.discardBefore(this.#planner.neededFrom)
    }
    for (const plan of this.#planner.end()) yield this.#take(plan)
  }

  #take({ start, end, speech }: WindowPlan): SpeechWindow {
    this.#nKept += end - start
    return {
      samples: this.#held.slice(start, end),
      startSeconds: start / SAMPLE_RATE,
      speech: speech.map((span) => ({ start: span.start / SAMPLE_RATE, end: span.end / SAMPLE_RATE })),
    }
  }
}
