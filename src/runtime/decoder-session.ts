/** The decoder's graph, opened, with the keys and values of the text so far. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import { type SessionSettings, sessionOptions } from './device.ts'
import type { AudioFeatures, DecoderShape } from './encoder-session.ts'
import { FloatPool } from './float-pool.ts'

export class DecoderSession implements AsyncDisposable {
  readonly #session: InferenceSession
  readonly #shape: DecoderShape
  readonly #pool = new FloatPool()

  private constructor(session: InferenceSession, shape: DecoderShape) {
    this.#session = session
    this.#shape = shape
  }

  static async open(path: string, shape: DecoderShape, settings: SessionSettings): Promise<DecoderSession> {
    return new DecoderSession(await InferenceSession.create(path, sessionOptions(settings)), shape)
  }

  /** A fresh text for each row; `rowsPerWindow` rows in succession belong to each window of `features`. */
  start(features: AudioFeatures, rowsPerWindow = 1): DecoderRows {
    return new DecoderRows(this.#session, this.#shape, this.#pool, features, features.nWindows * rowsPerWindow)
  }

  /**
   * Where the alignment heads look while a whole text is said to one window.
   *
   * @param features  of a single window.
   * @param tokens    [T], prompt and eot included.
   * @returns         [A × T × S] scores before softmax.
   */
  async alignmentScores(features: AudioFeatures, tokens: readonly number[]): Promise<Float32Array> {
    const { decoderLayers, decoderHeads, dModel } = this.#shape
    const feeds: Record<string, Tensor> = {
      ...features.tensors,
      tokens: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]),
      logits_at: new Tensor('int64', BigInt64Array.of(0n), [1]), // one, since none is not allowed
    }
    for (let layer = 0; layer < decoderLayers; layer++) {
      const empty = new Tensor('float32', new Float32Array(0), [1, decoderHeads, 0, dModel / decoderHeads])
      feeds[`past_key_${layer}`] = empty
      feeds[`past_value_${layer}`] = empty
    }
    const { alignment_scores: scores } = await this.#session.run(feeds, ['alignment_scores'])
    return scores!.data as Float32Array // the graph's output is float32
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release()
  }
}

/**
 * B texts growing in step. The self-attention cache lives in two sets of buffers: a step reads one and writes the
 * other, so no step allocates and the garbage collector has nothing to chase.
 */
export class DecoderRows implements Disposable {
  /** B */
  readonly nRows: number
  readonly #session: InferenceSession
  readonly #shape: DecoderShape
  readonly #pool: FloatPool
  readonly #features: AudioFeatures
  readonly #buffers: Float32Array[] = []
  #past: readonly Float32Array[]
  #present: readonly Float32Array[]
  /** Acquired by the first step, whose prompt wants more positions than any later one. */
  #logits: Float32Array = new Float32Array(0)
  #nPast = 0

  constructor(session: InferenceSession, shape: DecoderShape, pool: FloatPool, features: AudioFeatures, nRows: number) {
    this.#session = session
    this.#shape = shape
    this.#pool = pool
    this.#features = features
    this.nRows = nRows
    const capacity = nRows * shape.maxTextContext * shape.dModel
    const cache = () => Array.from({ length: 2 * shape.decoderLayers }, () => this.#acquire(capacity))
    this.#past = cache()
    this.#present = cache()
  }

  /** Tokens that each row holds. */
  get length(): number {
    return this.#nPast
  }

  /**
   * Appends T tokens to every row.
   *
   * @param tokens    B × [T]
   * @param logitsAt  K positions among the T.
   * @returns         [B × K × V] row-major; its buffer is written again by the next step.
   */
  async step(tokens: readonly (readonly number[])[], logitsAt: readonly number[]): Promise<Float32Array> {
    const { decoderHeads, dModel, vocabSize } = this.#shape
    const nNew = tokens[0]!.length
    const headSize = dModel / decoderHeads
    const cacheTensor = (buffer: Float32Array, length: number) => {
      const data = buffer.subarray(0, this.nRows * length * dModel)
      return new Tensor('float32', data, [this.nRows, decoderHeads, length, headSize])
    }

    const feeds: Record<string, Tensor> = {
      ...this.#features.tensors,
      tokens: new Tensor('int64', BigInt64Array.from(tokens.flat(), BigInt), [this.nRows, nNew]),
      logits_at: new Tensor('int64', BigInt64Array.from(logitsAt, BigInt), [logitsAt.length]),
    }
    const fetches: Record<string, Tensor> = {}
    for (const [i, name] of this.#cacheNames()) {
      feeds[`past_${name}`] = cacheTensor(this.#past[i]!, this.#nPast)
      fetches[`present_${name}`] = cacheTensor(this.#present[i]!, this.#nPast + nNew)
    }
    const nLogits = this.nRows * logitsAt.length * vocabSize
    if (this.#logits.length < nLogits) this.#logits = this.#acquire(nLogits)
    const logits = this.#logits.subarray(0, nLogits)
    fetches.logits = new Tensor('float32', logits, [this.nRows, logitsAt.length, vocabSize])

    await this.#session.run(feeds, fetches)
    this.#swap()
    this.#nPast += nNew
    return logits
  }

  /** Row i becomes a copy of what row `rows[i]` is; both must belong to the same window. */
  reorder(rows: readonly number[]): void {
    const perRow = this.#nPast * this.#shape.dModel
    for (const [i, past] of this.#past.entries()) {
      const present = this.#present[i]!
      rows.forEach((from, to) => {
        present.set(past.subarray(from * perRow, (from + 1) * perRow), to * perRow)
      })
    }
    this.#swap()
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) this.#pool.release(buffer)
    this.#pool.trim(4 * this.#shape.decoderLayers + 1)
  }

  #swap(): void {
    ;[this.#past, this.#present] = [this.#present, this.#past]
  }

  #acquire(length: number): Float32Array {
    const buffer = this.#pool.acquire(length)
    this.#buffers.push(buffer)
    return buffer
  }

  *#cacheNames(): Generator<[index: number, name: string]> {
    for (let layer = 0; layer < this.#shape.decoderLayers; layer++) {
      yield [2 * layer, `key_${layer}`]
      yield [2 * layer + 1, `value_${layer}`]
    }
  }
}
