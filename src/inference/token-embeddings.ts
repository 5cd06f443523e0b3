/** The tokens' vectors, read from their file as they are needed. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Vectors that stay at hand: most of a language's everyday words. */
const MOST_KEPT = 4096

export class TokenEmbeddings implements Disposable {
  readonly #file: number
  readonly #dModel: number
  readonly #isHalf: boolean
  readonly #kept = new Map<number, Float32Array>()

  /**
   * @param path  of a file [V × D], float16 or float32; its size tells which.
   * @throws Error when it has another size.
   */
  constructor(path: string, { vocabSize, dModel }: { readonly vocabSize: number; readonly dModel: number }) {
    this.#file = openSync(path, 'r')
    this.#dModel = dModel
    const bytesPerValue = fstatSync(this.#file).size / (vocabSize * dModel)
    this.#isHalf = bytesPerValue === Float16Array.BYTES_PER_ELEMENT
    if (this.#isHalf || bytesPerValue === Float32Array.BYTES_PER_ELEMENT) return
    closeSync(this.#file)
    throw new Error(`the file of token embeddings has ${bytesPerValue} bytes for each value`)
  }

  /** [N × D], one row for each token. */
  of(tokens: readonly number[]): Float32Array {
    const vectors = new Float32Array(tokens.length * this.#dModel)
    for (const [i, token] of tokens.entries()) vectors.set(this.#vector(token), i * this.#dModel)
    return vectors
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }

  #vector(token: number): Float32Array {
    const kept = this.#kept.get(token)
    if (kept) return kept
    const stored = this.#isHalf ? new Float16Array(this.#dModel) : new Float32Array(this.#dModel)
    const length = readSync(this.#file, stored, 0, stored.byteLength, token * stored.byteLength)
    if (length !== stored.byteLength) throw new Error(`there are no embeddings of token ${token}`)
    const vector = stored instanceof Float32Array ? stored : Float32Array.from(stored)
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!) // not empty, so there is one
    this.#kept.set(token, vector)
    return vector
  }
}
