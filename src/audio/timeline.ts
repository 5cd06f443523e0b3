/** Where sound stands in the recording: gaps become silence, so that every sample lies where a player plays it. */

import { SAMPLE_RATE } from '../whisper-constants.ts'

/** Containers round times; two lost packets of the usual 20 ms are a gap. */
const TOLERANCE_SAMPLES = 0.04 * SAMPLE_RATE
/** Decoders drop the first packets, which hold the time that their encoder needed, and most containers do not say so. */
const START_TOLERANCE_SAMPLES = 0.1 * SAMPLE_RATE

/**
 * Where a clock runs slower than the samples come, one of so many is left out, which nobody hears. To drop a piece, as is
 * more usual, would take a sound out of a word.
 */
const SQUEEZE = 64

/** A microphone may be mute for an hour. Longer gaps are believed where the length of the whole file agrees with them. */
const LONGEST_UNPROMISED_SECONDS = 3600
/** ffmpeg's own limit (`-dts_delta_threshold`). Longer ones are where parts with clocks of their own were put together. */
const LONGEST_OF_BROADCAST_SECONDS = 10

/** What is known of the times of a file. */
export interface Clock {
  /** False where times are known to be wrong: samples then follow each other. */
  readonly isRight: boolean
  /** True where a jump of the clock is a part of the format, as in MPEG streams. */
  readonly mayJump: boolean
  /** Length of the file by its header. */
  readonly promisedSeconds: number | undefined
}

/** What to do with a block of samples. */
export interface Placement {
  /** Samples of silence that come before it. */
  readonly nSilent: number
  /** Samples of it that are left out, evenly. */
  readonly nLeftOut: number
}

/** The time of one decoded stream, from 0 on. Times that jump back are none of its matter: ffmpeg goes on there (`ffmpeg.ts`). */
export class Timeline {
  readonly #clock: Clock
  readonly #longestSeconds: number
  #nPlaced = 0
  #shift = 0
  #nClosed = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#longestSeconds = Math.max(LONGEST_UNPROMISED_SECONDS, clock.promisedSeconds ?? 0)
  }

  /**
   * Places the next block.
   *
   * @param seconds   where a player begins it, from the recording's start.
   * @param nSamples  its samples of one channel, at 16 kHz.
   */
  place(seconds: number, nSamples: number): Placement {
    const ahead = this.#clock.isRight ? this.#believed(Math.round(seconds * SAMPLE_RATE)) - this.#nPlaced : 0
    const nSilent = ahead >= TOLERANCE_SAMPLES ? ahead : 0
    const nLeftOut = Math.max(0, Math.min(-ahead - TOLERANCE_SAMPLES, Math.floor(nSamples / SQUEEZE)))
    this.#nPlaced += nSilent + nSamples - nLeftOut
    return { nSilent, nLeftOut }
  }

  /** From the recording's start to the end of what was placed last. */
  get seconds(): number {
    return this.#nPlaced / SAMPLE_RATE
  }

  /** Length of the gaps that are too long to be believed, and were closed. */
  get closedSeconds(): number {
    return this.#nClosed / SAMPLE_RATE
  }

  /** The sample at which a block of this time belongs. */
  #believed(time: number): number {
    if (this.#nPlaced === 0 && Math.abs(time) < START_TOLERANCE_SAMPLES) this.#shift = time
    const gap = time - this.#shift - this.#nPlaced
    const isJump = this.#clock.mayJump && this.#nPlaced > 0 && gap > LONGEST_OF_BROADCAST_SECONDS * SAMPLE_RATE
    // What a header promises it promises from the start on.
    const isLong = gap > LONGEST_UNPROMISED_SECONDS * SAMPLE_RATE
    const isTooLong = isLong && this.#nPlaced + gap > this.#longestSeconds * SAMPLE_RATE
    if (isJump || isTooLong) this.#shift += gap
    if (isTooLong && !isJump) this.#nClosed += gap
    return time - this.#shift
  }
}

/** Leaves out some of the frames, evenly. */
export function squeezed(bytes: Uint8Array, bytesPerFrame: number, nLeftOut: number): Uint8Array {
  const nFrames = bytes.length / bytesPerFrame
  const nKept = nFrames - nLeftOut
  const kept = new Uint8Array(nKept * bytesPerFrame)
  for (let i = 0; i < nKept; i++) {
    const from = Math.floor((i * nFrames) / nKept) * bytesPerFrame
    kept.set(bytes.subarray(from, from + bytesPerFrame), i * bytesPerFrame)
  }
  return kept
}
