/** A stream of samples → frames of 32 ms, each with its probability of speech, in blocks of about a second. */

import { levelsOfFrames } from '../frame-levels.ts'
import { SILENCE_PEAK } from '../whisper-constants.ts'

/** Samples of one frame, 32 ms: the only length that Silero VAD takes at 16 kHz. */
export const FRAME_SAMPLES = 512

/** Samples of the frame before that it also sees. */
export const CONTEXT_SAMPLES = 64

/** So many frames are heard together: a model's run and a turn of the generators cost more than the work in one. */
const BLOCK_FRAMES = 32

/** After so much silence (0.5 s) the model's memory holds nothing else, and more of it need not be heard. */
const SETTLED_FRAMES = 16

/** Of a frame that cannot be speech: less than any threshold, 0 included. */
const NEVER = -1

/** Hears frames of 512 samples after those of the last call; gives for each the probability of speech, 0 to 1. */
export type SpeechProbability = (frames: Float32Array) => Promise<Float32Array>

export interface Frame {
  /** 512, or fewer in the recording's last. */
  readonly nSamples: number
  /** 0 to 1, or -1 for silence. */
  readonly probability: number
  /** Sum of the squared samples. */
  readonly energy: number
}

/** Frames that follow one another. */
export interface FrameBlock {
  /** All of their samples; written again by the next block. */
  readonly samples: Float32Array
  readonly frames: readonly Frame[]
}

/**
 * Every sample of the stream in exactly one frame, in order. Long silence is not shown to the model: hours of it then
 * cost nothing.
 *
 * @param chunks  pieces of any length of one recording, 16 kHz mono.
 */
export async function* listen(
  chunks: AsyncIterable<Float32Array>,
  probability: SpeechProbability,
): AsyncGenerator<FrameBlock, void, undefined> {
  const buffer = new Float32Array(BLOCK_FRAMES * FRAME_SAMPLES)
  const listener = new Listener(probability)
  let filled = 0
  for await (const chunk of chunks) {
    for (let used = 0; used < chunk.length; ) {
      const part = chunk.subarray(used, used + buffer.length - filled)
      buffer.set(part, filled)
      filled += part.length
      used += part.length
      if (filled < buffer.length) continue
      yield await listener.hear(buffer, filled)
      filled = 0
    }
  }
  if (filled > 0) yield await listener.hear(buffer, filled)
}

/** Knows how long it has been silent, and keeps long silence from the model. */
class Listener {
  readonly #probability: SpeechProbability
  readonly #heard = new Float32Array(BLOCK_FRAMES * FRAME_SAMPLES)
  #nSilent = 0

  constructor(probability: SpeechProbability) {
    this.#probability = probability
  }

  /** @param buffer  whose first `nSamples` are new; what lies behind them may be overwritten. */
  async hear(buffer: Float32Array, nSamples: number): Promise<FrameBlock> {
    const nFrames = Math.ceil(nSamples / FRAME_SAMPLES)
    buffer.fill(0, nSamples, nFrames * FRAME_SAMPLES) // the last frame is made whole by silence
    const { peaks, energies } = levelsOfFrames(buffer.subarray(0, nFrames * FRAME_SAMPLES), FRAME_SAMPLES)
    /** Index of each frame among those that the model hears; undefined where what it says would not count. */
    const places: (number | undefined)[] = []
    let nHeard = 0
    for (let i = 0; i < nFrames; i++) {
      this.#nSilent = peaks[i]! < SILENCE_PEAK ? this.#nSilent + 1 : 0 // i < nFrames
      places.push(this.#nSilent > 0 ? undefined : nHeard)
      if (this.#nSilent > SETTLED_FRAMES) continue
      this.#heard.set(buffer.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES), nHeard++ * FRAME_SAMPLES)
    }
    const heard = nHeard > 0 ? await this.#probability(this.#heard.subarray(0, nHeard * FRAME_SAMPLES)) : []
    const frames = places.map((place, i) => ({
      nSamples: Math.min(FRAME_SAMPLES, nSamples - i * FRAME_SAMPLES),
      probability: place === undefined ? NEVER : heard[place]!, // there is one for each place
      energy: energies[i]!,
    }))
    return { samples: buffer.subarray(0, nSamples), frames }
  }
}
