/** A stream of samples → frames of 32 ms, each with its probability of speech. */

/** Samples of one frame, the only length that Silero VAD takes at 16 kHz. */
export const FRAME_SAMPLES = 512

/** Below this peak (-66 dB) a frame is digital silence or a muted microphone, whatever a model may hear in it. */
const SILENCE_PEAK = 5e-4

/** After so much silence (0.5 s) the model's memory holds nothing else, and more of it need not be heard. */
const SETTLED_FRAMES = 16

/** Of a frame that cannot be speech: less than any threshold, 0 included. */
const NEVER = -1

/** Hears 512 samples after those of the last call; gives the probability that they are speech, 0 to 1. */
export type SpeechProbability = (frame: Float32Array) => Promise<number>

export interface Frame {
  /** [N] its own samples: 512, or fewer in the recording's last. Written again by the next frame. */
  readonly samples: Float32Array
  /** 0 to 1, or -1 for silence. */
  readonly probability: number
  /** Sum of the squared samples. */
  readonly energy: number
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
): AsyncGenerator<Frame, void, undefined> {
  const buffer = new Float32Array(FRAME_SAMPLES)
  let filled = 0
  let nSilent = 0

  const hear = async (): Promise<Frame> => {
    buffer.fill(0, filled) // the last frame is made whole by silence
    const { peak, energy } = measure(buffer)
    nSilent = peak < SILENCE_PEAK ? nSilent + 1 : 0
    const heard = nSilent <= SETTLED_FRAMES ? await probability(buffer) : NEVER
    return { samples: buffer.subarray(0, filled), probability: nSilent > 0 ? NEVER : heard, energy }
  }

  for await (const chunk of chunks) {
    for (let used = 0; used < chunk.length; ) {
      const part = chunk.subarray(used, used + FRAME_SAMPLES - filled)
      buffer.set(part, filled)
      filled += part.length
      used += part.length
      if (filled < FRAME_SAMPLES) continue
      yield await hear()
      filled = 0
    }
  }
  if (filled > 0) yield await hear()
}

function measure(samples: Float32Array): { readonly peak: number; readonly energy: number } {
  let peak = 0
  let energy = 0
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]! // i < samples.length
    peak = Math.max(peak, Math.abs(sample))
    energy += sample * sample
  }
  return { peak, energy }
}
