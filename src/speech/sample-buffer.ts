/** The part of a recording that may still be needed. */

export class SampleBuffer {
  readonly #samples: Float32Array
  /** The recording's sample that `#samples` begins with. */
  #origin = 0
  #end = 0
  #keptFrom = 0

  /** @param capacity  samples that can be held at a time. */
  constructor(capacity: number) {
    this.#samples = new Float32Array(capacity)
  }

  /** Samples that came so far. */
  get end(): number {
    return this.#end
  }

  /** @throws RangeError when more than the capacity is asked to be kept. */
  append(samples: Float32Array): void {
    if (this.#end - this.#origin + samples.length > this.#samples.length) this.#makeRoom()
    this.#samples.set(samples, this.#end - this.#origin)
    this.#end += samples.length
  }

  /** What lies before `place` is not asked for any more. */
  discardBefore(place: number): void {
    this.#keptFrom = Math.max(this.#keptFrom, place)
  }

  /** A copy of the samples from `start` to `end` of the recording. */
  slice(start: number, end: number): Float32Array {
    return this.#samples.slice(start - this.#origin, end - this.#origin)
  }

  /** Only when it is full does it move what it holds, so that each sample is moved about once. */
  #makeRoom(): void {
    this.#samples.copyWithin(0, this.#keptFrom - this.#origin, this.#end - this.#origin)
    this.#origin = this.#keptFrom
  }
}
