/** Windows that the encoder can take, and the cutting of a stream into them where speech was not detected. */

import type { Span, SpeechWindow } from '../vad/index.ts'
import { SAMPLE_RATE, SILENCE_PEAK, WINDOW_SECONDS } from '../whisper-constants.ts'

const WINDOW_SAMPLES = WINDOW_SECONDS * SAMPLE_RATE
/** Only the last third is searched for a pause, since shorter windows mean more of them. */
const EARLIEST_CUT = 20 * SAMPLE_RATE
/** A pause between words is about this long; a shorter stretch would find the closure of a consonant. */
const PAUSE_SAMPLES = 0.3 * SAMPLE_RATE
const STRIDE_SAMPLES = 0.02 * SAMPLE_RATE

export type { Span } from '../vad/index.ts'
/** A stretch of the recording, at most 30 s, and the spans of speech in it as far as they are known. */
export type Window = SpeechWindow

export function secondsOf(nSamples: number): number {
  return nSamples / SAMPLE_RATE
}

/** Speech in a window, its pauses left out. */
export function speechSeconds({ speech }: Pick<Window, 'speech'>): number {
  return speech.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Place behind the last sample in the recording. */
export function windowEnd({ samples, startSeconds }: Window): number {
  return startSeconds + secondsOf(samples.length)
}

/** The part of a window between two seconds of the recording; over the same samples. */
export function partOf(window: Window, { start, end }: Span): Window {
  const from = Math.max(0, Math.round((start - window.startSeconds) * SAMPLE_RATE))
  const to = Math.min(window.samples.length, Math.round((end - window.startSeconds) * SAMPLE_RATE))
  const speech = window.speech
    .map((span) => ({ start: Math.max(span.start, start), end: Math.min(span.end, end) }))
    .filter((span) => span.end > span.start)
  return { samples: window.samples.subarray(from, to), startSeconds: window.startSeconds + secondsOf(from), speech }
}

/**
 * Windows of at most 30 s that follow one another without gap or overlap, cut at the quietest place of each window's
 * last third, so that a cut falls between words. Holds one window's samples and no more.
 *
 * @param chunks  pieces of any length of one recording, 16 kHz mono.
 */
export async function* cutWindows(chunks: AsyncIterable<Float32Array>): AsyncGenerator<Window> {
  const buffer = new Float32Array(WINDOW_SAMPLES)
  let filled = 0
  let start = 0
  const take = (length: number): Window => {
    const span = { start: secondsOf(start), end: secondsOf(start + length) }
    const window = { samples: buffer.slice(0, length), startSeconds: span.start, speech: [span] }
    buffer.copyWithin(0, length, filled)
    filled -= length
    start += length
    return window
  }

  for await (const chunk of chunks) {
    for (let used = 0; used < chunk.length; ) {
      // Only when more audio follows is a full buffer cut: a recording of just 30 s is one window.
      if (filled === WINDOW_SAMPLES) yield take(quietestPlace(buffer))
      const part = chunk.subarray(used, used + WINDOW_SAMPLES - filled)
      buffer.set(part, filled)
      filled += part.length
      used += part.length
    }
  }
  if (filled > 0) yield take(filled)
}

/** A shorter rest of a recording holds no word; models invent some there. In samples. */
const SHORTEST_REST = 0.2 * SAMPLE_RATE

/**
 * Speech seeks by 10 to 30 s. Sound that has a model write timestamps of a tick each would be heard 1500 times over; from
 * so many windows on it is not.
 */
const WINDOWS_PER_SECOND = 1
const WINDOWS_TO_BEGIN_WITH = 60

/**
 * Windows of 30 s, each beginning where the last text has ended: the decoding code says so by `seek` before asking
 * for the next. Without a word from there the next one begins where this one ends. Can be gone through once.
 *
 * @see openai/whisper:whisper/transcribe.py `seek`
 */
export class SeekingWindows implements AsyncIterable<Window> {
  readonly #chunks: AsyncIterable<Float32Array>
  readonly #buffer = new Float32Array(WINDOW_SAMPLES)
  #filled = 0
  #start = 0
  #next: number | undefined
  #nGiven = 0

  constructor(chunks: AsyncIterable<Float32Array>) {
    this.#chunks = chunks
  }

  /** False when windows have begun so close to one another that the next one has to begin where this one ends. */
  get maySeek(): boolean {
    return this.#nGiven <= WINDOWS_TO_BEGIN_WITH + WINDOWS_PER_SECOND * secondsOf(this.#start)
  }

  /** @param seconds  of the recording, inside the window that was given last. */
  seek(seconds: number): void {
    this.#next = Math.round(seconds * SAMPLE_RATE)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Window, void, undefined> {
    for await (const chunk of this.#chunks) {
      for (let used = 0; used < chunk.length; ) {
        if (this.#filled === WINDOW_SAMPLES) yield* this.#window()
        const part = chunk.subarray(used, used + WINDOW_SAMPLES - this.#filled)
        this.#buffer.set(part, this.#filled)
        this.#filled += part.length
        used += part.length
      }
    }
    while (this.#filled > 0) {
      yield* this.#window()
      if (this.#filled < SHORTEST_REST) break
    }
  }

  *#window(): Generator<Window> {
    const end = this.#start + this.#filled
    const span = { start: secondsOf(this.#start), end: secondsOf(end) }
    this.#next = undefined
    this.#nGiven++
    yield { samples: this.#buffer.slice(0, this.#filled), startSeconds: span.start, speech: [span] }
    // A place that is not ahead would come to the same window for ever.
    const next = this.#next ?? end
    const ahead = next > this.#start && next < end ? next : end
    this.#buffer.copyWithin(0, ahead - this.#start, this.#filled)
    this.#filled = end - ahead
    this.#start = ahead
  }
}

/** Middle of the 0.3 s with the least energy in the searched part of a full window. */
function quietestPlace(samples: Float32Array): number {
  let quietest = samples.length
  let least = Number.POSITIVE_INFINITY
  for (let from = EARLIEST_CUT; from + PAUSE_SAMPLES <= samples.length; from += STRIDE_SAMPLES) {
    let energy = 0
    for (let i = from; i < from + PAUSE_SAMPLES; i++) energy += samples[i]! * samples[i]!
    if (energy < least) {
      least = energy
      quietest = from + PAUSE_SAMPLES / 2
    }
  }
  return quietest
}

/** Windows in which there is something to hear: models invent words in the others. */
export async function* audible(windows: AsyncIterable<Window>): AsyncGenerator<Window> {
  for await (const window of windows) if (!isSilent(window.samples)) yield window
}

/** Whether there is nothing to hear in a window. @param samples  in [-1, 1]. */
export function isSilent(samples: Float32Array): boolean {
  return samples.every((sample) => Math.abs(sample) < SILENCE_PEAK)
}
