/** The decoder's graph, opened where keys and values lie in our own memory. */

import { Tensor } from 'onnxruntime-node'
import {
  type AlignmentHeads,
  type AudioFeatures,
  alignmentHeadInputs,
  type DecoderModel,
  type DecoderShape,
} from '../decoder-graph.ts'
import { GraphSession, type SessionSettings } from '../session.ts'
import { TokenEmbeddings } from '../token-embeddings.ts'
import { type BatchParts, CpuDecoderBatch } from './decoder-batch.ts'
import { FloatPool } from './float-pool.ts'

export class CpuDecoder implements AsyncDisposable {
  readonly #parts: BatchParts
  readonly #alignmentHeads: AlignmentHeads

  private constructor(parts: BatchParts, alignmentHeads: AlignmentHeads) {
    this.#parts = parts
    this.#alignmentHeads = alignmentHeads
  }

  static async open(model: DecoderModel, shape: DecoderShape, settings: SessionSettings): Promise<CpuDecoder> {
    const embeddings = new TokenEmbeddings(model.embeddings, shape)
    try {
      const session = await GraphSession.open(model.graph, settings)
      return new CpuDecoder({ session, embeddings, shape, pool: new FloatPool() }, model.alignmentHeads)
    } catch (error) {
      embeddings[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Room for windows of one audio context that are decoded together.
   *
   * @param audioContext   S
   * @param rowsPerWindow  R
   * @param nWindows       the most of them at a time.
   */
  batch(audioContext: number, rowsPerWindow: number, nWindows: number): CpuDecoderBatch {
    return new CpuDecoderBatch(this.#parts, { audioContext, rowsPerWindow, nWindows })
  }

  /** The same for one window whose features are at hand. They must outlive the batch. */
  batchOver(features: AudioFeatures, audioContext: number, rowsPerWindow: number): CpuDecoderBatch {
    const size = { audioContext, rowsPerWindow, nWindows: 1 }
    return new CpuDecoderBatch(this.#parts, size, features)
  }

  /**
   * Attention of the alignment heads to one window, for a text that is given.
   *
   * @param tokens  [T], prompt and eot included.
   * @returns       [A × T × S] scores before softmax.
   */
  async alignmentScores(features: AudioFeatures, tokens: readonly number[]): Promise<Float32Array> {
    const { session, embeddings, shape } = this.#parts
    const { decoderLayers, decoderHeads, dModel, vocabSize } = shape
    const nTokens = tokens.length
    const feeds: Record<string, Tensor> = {
      ...features,
      ...alignmentHeadInputs(session, this.#alignmentHeads),
      embedded: new Tensor('float32', embeddings.of(tokens), [1, nTokens, dModel]),
      positions: new Tensor(
        'int64',
        BigInt64Array.from(tokens, (_, i) => BigInt(i)),
        [1, nTokens],
      ),
      past_mask: new Tensor('float32', new Float32Array(nTokens * nTokens), [1, 1, nTokens, nTokens]),
      logits_at: new Tensor('int64', BigInt64Array.of(0n), [1]), // one, since none is not allowed
      token_bias: new Tensor('float32', new Float32Array(vocabSize), [1, 1, vocabSize]),
      n_best: new Tensor('int64', BigInt64Array.of(1n), [1]),
    }
    const empty = new Tensor('float32', new Float32Array(0), [1, decoderHeads, 0, dModel / decoderHeads])
    for (let layer = 0; layer < decoderLayers; layer++) {
      feeds[`past_key_${layer}`] = empty
      feeds[`past_value_${layer}`] = empty
    }
    const { alignment_scores: scores } = await session.run(feeds, ['alignment_scores'])
    return scores!.data as Float32Array // the graph's output is float32
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.session[Symbol.asyncDispose]()
    this.#parts.embeddings[Symbol.dispose]()
  }
}
