/** The decoder's graph, opened. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type AlignmentHeads, alignmentHeadInputs } from './alignment-heads.ts'
import { DecoderLane, type LaneParts } from './decoder-lane.ts'
import { type SessionSettings, sessionOptions } from './device.ts'
import type { AudioFeatures, DecoderShape } from './encoder-session.ts'
import { FloatPool } from './float-pool.ts'
import { type Run, runnerFor } from './run-on-device.ts'
import { TokenEmbeddings } from './token-embeddings.ts'

export interface DecoderModel {
  /** Path of the decoder's graph. */
  readonly graph: string
  /** Path of the tokens' vectors. */
  readonly embeddings: string
  /** At least one. */
  readonly alignmentHeads: AlignmentHeads
}

export class DecoderSession implements AsyncDisposable {
  readonly #session: InferenceSession
  readonly #run: Run
  readonly #embeddings: TokenEmbeddings
  readonly #shape: DecoderShape
  readonly #alignmentHeads: AlignmentHeads
  readonly #pool = new FloatPool()

  private constructor(
    session: InferenceSession,
    run: Run,
    embeddings: TokenEmbeddings,
    shape: DecoderShape,
    alignmentHeads: AlignmentHeads,
  ) {
    this.#session = session
    this.#run = run
    this.#embeddings = embeddings
    this.#shape = shape
    this.#alignmentHeads = alignmentHeads
  }

  static async open(model: DecoderModel, shape: DecoderShape, settings: SessionSettings): Promise<DecoderSession> {
    const embeddings = new TokenEmbeddings(model.embeddings, shape)
    try {
      const session = await InferenceSession.create(model.graph, sessionOptions(settings))
      return new DecoderSession(session, runnerFor(session, settings.device), embeddings, shape, model.alignmentHeads)
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
  lane(audioContext: number, rowsPerWindow: number, nWindows: number): DecoderLane {
    return new DecoderLane(this.#parts(), { audioContext, rowsPerWindow, nWindows })
  }

  /** The same for one window whose features are at hand. They must outlive the lane. */
  laneOver(features: AudioFeatures, audioContext: number, rowsPerWindow: number): DecoderLane {
    const size = { audioContext, rowsPerWindow, nWindows: 1 }
    return new DecoderLane(this.#parts(), size, features)
  }

  /**
   * Where the alignment heads look while a whole text is said to one window.
   *
   * @param tokens  [T], prompt and eot included.
   * @returns       [A × T × S] scores before softmax.
   */
  async alignmentScores(features: AudioFeatures, tokens: readonly number[]): Promise<Float32Array> {
    const { decoderLayers, decoderHeads, dModel, vocabSize } = this.#shape
    const nTokens = tokens.length
    const feeds: Record<string, Tensor> = {
      ...features,
      ...alignmentHeadInputs(this.#session, this.#alignmentHeads),
      embedded: new Tensor('float32', this.#embeddings.of(tokens), [1, nTokens, dModel]),
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
    const { alignment_scores: scores } = await this.#run(feeds, ['alignment_scores'])
    return scores!.data as Float32Array // the graph's output is float32
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
    this.#embeddings[Symbol.dispose]()
  }

  #parts(): LaneParts {
    return {
      session: this.#session,
      run: this.#run,
      embeddings: this.#embeddings,
      shape: this.#shape,
      pool: this.#pool,
    }
  }
}
