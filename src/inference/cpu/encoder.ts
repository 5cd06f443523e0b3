/** The encoder's graph, opened where keys and values lie in our own memory. */

import { Tensor } from 'onnxruntime-node'
import type { AudioFeatures, DecoderShape } from '../decoder-graph.ts'
import { GraphSession, type SessionSettings } from '../session.ts'

/** Room for the features of one window. */
export function newFeatures(
  { decoderLayers, decoderHeads, dModel }: DecoderShape,
  audioContext: number,
): AudioFeatures {
  const dims = [1, decoderHeads, audioContext, dModel / decoderHeads]
  const names = Array.from({ length: decoderLayers }, (_, layer) => [`cross_key_${layer}`, `cross_value_${layer}`])
  return Object.fromEntries(
    names.flat().map((name) => [name, new Tensor('float32', new Float32Array(audioContext * dModel), dims)]),
  )
}

export class CpuEncoder implements AsyncDisposable {
  readonly #session: GraphSession

  private constructor(session: GraphSession) {
    this.#session = session
  }

  static async open(path: string, settings: SessionSettings): Promise<CpuEncoder> {
    // Weights stay as they are, mapped from their file. Packing them for the CPU doubles their memory and the time
    // to open, and wins nothing where hundreds of positions are multiplied at a time.
    return new CpuEncoder(await GraphSession.open(path, settings, { extra: { session: { disable_prepacking: '1' } } }))
  }

  /**
   * Encodes one window: a batch of several would hold every layer's activations as often and is no faster, since a
   * single window already fills the cores.
   *
   * @param samples  [N], N = 320·S.
   * @param into     where the features are written.
   */
  async encode(samples: Float32Array, into: AudioFeatures): Promise<void> {
    const outputs = await this.#session.run({ samples: new Tensor('float32', samples, [1, samples.length]) }, into)
    // The binding has made copies of its own of the features, 37 MB for a full window of Whisper base. The collector
    // sees only their tiny owners and would let several windows' copies pile up.
    for (const { data } of Object.values(outputs)) (data as Float32Array<ArrayBuffer>).buffer.transfer(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }
}
