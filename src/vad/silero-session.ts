/** The voice activity model, opened: the probability of speech in each 32 ms. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { CONTEXT_SAMPLES, FRAME_SAMPLES } from './frames.ts'
import { sileroGraph } from './silero-graph.ts'

/** Of each part of the recurrent state: one row for the samples as they are, one for louder ones. */
const STATE_DIMS = [1, 2, 128]

export class VadSession implements AsyncDisposable {
  readonly #session: InferenceSession

  private constructor(session: InferenceSession) {
    this.#session = session
  }

  static async open(): Promise<VadSession> {
    // On the CPU with one thread, whatever the device of the models: where another process computes too, a second
    // thread that waits in a loop made it twice as slow.
    const session = await InferenceSession.create(sileroGraph(), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    })
    return new VadSession(session)
  }

  /** Begins to listen to a recording; any number may be listened to at a time. */
  listen(): VadListener {
    return new VadListener(this.#session)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }
}

/**
 * One recording: the model remembers what it has heard, so frames come in order and without gaps. How they are divided
 * into calls doesn't matter to what it says; many at once cost a third of what single ones do.
 *
 * @see snakers4/silero-vad:src/silero_vad/utils_vad.py `OnnxWrapper` — same context and state.
 */
export class VadListener {
  readonly #session: InferenceSession
  readonly #context = new Float32Array(CONTEXT_SAMPLES)
  #h = newState()
  #c = newState()

  constructor(session: InferenceSession) {
    this.#session = session
  }

  /**
   * @param frames  [N · 512] 16 kHz mono samples in [-1, 1], the ones that follow those of the last call; not kept.
   * @returns       [N] the probability that each frame is speech, 0 to 1.
   */
  async probabilities(frames: Float32Array): Promise<Float32Array> {
    if (frames.length === 0 || frames.length % FRAME_SAMPLES !== 0)
      throw new RangeError(`frames have ${FRAME_SAMPLES} samples each, so ${frames.length} are no whole number of them`)
    const samples = new Float32Array(CONTEXT_SAMPLES + frames.length)
    samples.set(this.#context)
    samples.set(frames, CONTEXT_SAMPLES)
    const feeds = { samples: new Tensor('float32', samples, [samples.length]), h: this.#h, c: this.#c }
    const { probabilities, next_h, next_c } = await this.#session.run(feeds)
    this.#context.set(frames.subarray(-CONTEXT_SAMPLES))
    this.#h = next_h!
    this.#c = next_c!
    return probabilities!.data as Float32Array // the graph has these three outputs, all of them float32
  }
}

function newState(): Tensor {
  return new Tensor('float32', new Float32Array(STATE_DIMS.reduce((product, dim) => product * dim)), STATE_DIMS)
}
