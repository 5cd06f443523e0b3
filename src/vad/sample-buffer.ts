/** The part of a recording that may still be needed. */

/** Room at the beginning, 8 s; most recordings are short, and fresh memory costs as much as hearing a second of it. */
const FIRST_CAPACITY = 2 ** 17

export class SampleBuffer {
  readonly #capacity: number
  #samples: Float32Array
  /** The recording's sample that `#samples` begins with. */
  #origin = 0
  #end = 0
  #keptFrom = 0

  /** @param capacity  samples that can be held at a time. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#samples = new Float32Array(Math.min(capacity, FIRST_CAPACITY))
  }

  /** Samples that came so far. */
  get end(): number {
    return this.#end
  }

  /** @throws RangeError when more than the capacity is asked to be kept. */
  append(samples: Float32Array): void {
    if (this.#end - this.#origin + samples.length > this.#samples.length) this.#makeRoom(samples.length)
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

  /** Only when it is full does it move what it holds, or grow, so that each sample is moved about once. */
  #makeRoom(nSamples: number): void {
    const kept = this.#samples.subarray(this.#keptFrom - this.#origin, this.#end - this.#origin)
    // Half empty after the move, or the next one would come soon.
    const wanted = Math.min(2 * (kept.length + nSamples), this.#capacity)
    if (wanted > this.#samples.length) this.#samples = new Float32Array(wanted)
    this.#samples.set(kept)
    this.#origin = this.#keptFrom
  }
}
