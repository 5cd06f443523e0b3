/** The encoder's graph, opened. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type SessionSettings, sessionOptions } from './device.ts'
import { FloatPool } from './float-pool.ts'

/** What the runtime must know of a model's shape. */
export interface DecoderShape {
  readonly decoderLayers: number
  readonly decoderHeads: number
  readonly dModel: number
  readonly vocabSize: number
  readonly maxTextContext: number
}

/** Keys and values of cross-attention for W windows. */
export interface AudioFeatures {
  /** W */
  readonly nWindows: number
  /** S: encoder positions of 20 ms. */
  readonly audioContext: number
  /** `cross_key_L`, `cross_value_L`, each [W × H × S × D/H]. */
  readonly tensors: Readonly<Record<string, Tensor>>
}

/** Features whose buffers go back to the encoder's pool: dispose of them when the windows are decoded. */
export interface OwnedAudioFeatures extends AudioFeatures, Disposable {}

/** The features of window `index` alone, without a copy; they live as long as those of all windows. */
export function featuresOfWindow(features: AudioFeatures, index: number): AudioFeatures {
  const tensors: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(features.tensors)) {
    const data = tensor.data as Float32Array // what the encoder put there
    const perWindow = data.length / features.nWindows
    const slice = data.subarray(index * perWindow, (index + 1) * perWindow)
    tensors[name] = new Tensor('float32', slice, [1, ...tensor.dims.slice(1)])
  }
  return { nWindows: 1, audioContext: features.audioContext, tensors }
}

export class EncoderSession implements AsyncDisposable {
  readonly #session: InferenceSession
  readonly #shape: DecoderShape
  readonly #pool = new FloatPool()

  private constructor(session: InferenceSession, shape: DecoderShape) {
    this.#session = session
    this.#shape = shape
  }

  static async open(path: string, shape: DecoderShape, settings: SessionSettings): Promise<EncoderSession> {
    return new EncoderSession(await InferenceSession.create(path, sessionOptions(settings)), shape)
  }

  /**
   * Encodes windows of one length. One run per window: a batch would hold every layer's activations B times over and
   * is no faster, since a single window already fills the cores.
   *
   * @param windows  W × [N], all of the same N, a multiple of 320.
   */
  async encode(windows: readonly Float32Array[], samplesPerPosition: number): Promise<OwnedAudioFeatures> {
    const { decoderLayers, decoderHeads, dModel } = this.#shape
    const audioContext = windows[0]!.length / samplesPerPosition
    const dims = [decoderHeads, audioContext, dModel / decoderHeads]
    const perWindow = audioContext * dModel

    const buffers = new Map<string, Float32Array>()
    for (let layer = 0; layer < decoderLayers; layer++) {
      for (const part of ['key', 'value']) {
        buffers.set(`cross_${part}_${layer}`, this.#pool.acquire(perWindow * windows.length))
      }
    }
    const release = () => {
      for (const buffer of buffers.values()) this.#pool.release(buffer)
      this.#pool.trim(2 * decoderLayers)
    }
    try {
      for (const [row, samples] of windows.entries()) {
        const fetches: Record<string, Tensor> = {}
        for (const [name, buffer] of buffers) {
          const slice = buffer.subarray(row * perWindow, (row + 1) * perWindow)
          fetches[name] = new Tensor('float32', slice, [1, ...dims])
        }
        await this.#session.run({ samples: new Tensor('float32', samples, [1, samples.length]) }, fetches)
      }
    } catch (error) {
      release()
      throw error
    }
    const tensors: Record<string, Tensor> = {}
    for (const [name, buffer] of buffers) {
      tensors[name] = new Tensor('float32', buffer.subarray(0, perWindow * windows.length), [windows.length, ...dims])
    }
    return { nWindows: windows.length, audioContext, tensors, [Symbol.dispose]: release }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }
}
