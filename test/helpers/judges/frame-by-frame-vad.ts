/** Silero VAD as its makers run it, one frame at a time through the file's own graph: slow, and judge of the fast one. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { sileroPath } from '../../../src/vad/silero-weights.ts'

const FRAME_SAMPLES = 512
const CONTEXT_SAMPLES = 64
const STATE_SIZE = 128
/** Each frame as it is and 30 dB louder; what the louder one says counts only where it doesn't clip. */
const GAINS = [1, 31.6] as const

/** Probabilities of speech of all whole frames of a recording, heard with both gains. */
export async function frameByFrame(samples: Float32Array): Promise<Float32Array> {
  const session = await InferenceSession.create(sileroPath(), { intraOpNumThreads: 1, logSeverityLevel: 3 })
  try {
    const nFrames = Math.floor(samples.length / FRAME_SAMPLES)
    const probabilities = new Float32Array(nFrames)
    const sr = new Tensor('int64', BigInt64Array.of(16_000n), [])
    let state = new Tensor('float32', new Float32Array(2 * GAINS.length * STATE_SIZE), [2, GAINS.length, STATE_SIZE])
    for (let i = 0; i < nFrames; i++) {
      const from = i * FRAME_SAMPLES
      const heard = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES)
      heard.set(
        samples.subarray(Math.max(0, from - CONTEXT_SAMPLES), from + FRAME_SAMPLES),
        i === 0 ? CONTEXT_SAMPLES : 0,
      )
      const rows = GAINS.flatMap((gain) => Array.from(heard, (sample) => Math.max(-1, Math.min(1, gain * sample))))
      const input = new Tensor('float32', Float32Array.from(rows), [GAINS.length, heard.length])
      const { output, stateN } = await session.run({ input, state, sr })
      state = stateN as typeof state // the graph's output of that name, float32
      const [asItIs, louder] = output!.data as unknown as readonly [number, number] // one for each gain
      const peak = samples.subarray(from, from + FRAME_SAMPLES).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
      probabilities[i] = peak < 1 / GAINS[1] ? Math.max(asItIs, louder) : asItIs
    }
    return probabilities
  } finally {
    await session.release()
  }
}
