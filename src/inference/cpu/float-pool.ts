/** Lends out float buffers again and again, so that long work allocates no more than its busiest moment needed. */
export class FloatPool {
  readonly #free: Float32Array[] = []

  /** A buffer of `length` floats with arbitrary contents. Hand it back by `release`. */
  acquire(length: number): Float32Array {
    let best = -1
    for (let i = 0; i < this.#free.length; i++) {
      const size = this.#free[i]!.length
      if (size >= length && (best < 0 || size < this.#free[best]!.length)) best = i
    }
    // One that is far larger would be missed by the next big request, which would then allocate once more.
    if (best >= 0 && this.#free[best]!.length <= 2 * length) return this.#free.splice(best, 1)[0]!
    return new Float32Array(length)
  }

  release(buffer: Float32Array): void {
    this.#free.push(buffer)
    this.#free.sort((a, b) => b.length - a.length)
  }

  /** Keeps the `nBuffers` largest of the buffers that are not lent out. */
  trim(nBuffers: number): void {
    this.#free.length = Math.min(this.#free.length, nBuffers)
  }
}
