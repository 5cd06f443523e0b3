/** An open file of weights, read by position so that no more than the wanted bytes are ever in memory. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'

/** A single `read` is limited to 2 GiB by the system; a large embedding is bigger than that. */
const MAX_READ_BYTES = 1 << 28

export class WeightFile implements Disposable {
  /** Base name, for messages. */
  readonly name: string
  readonly size: number
  #descriptor: number | undefined

  /** @throws {CheckpointFileMissingError} when there is no such file. */
  constructor(path: string) {
    this.name = basename(path)
    try {
      this.#descriptor = openSync(path, 'r')
      this.size = fstatSync(this.#descriptor).size
    } catch (cause) {
      this[Symbol.dispose]()
      throw new CheckpointFileMissingError(`a readable file '${this.name}'`, 'Download the checkpoint again.', {
        cause,
      })
    }
  }

  /**
   * Fills `target` with the bytes from `offset` on.
   *
   * @throws {CheckpointCorruptError} when the file ends earlier or cannot be read.
   */
  read(target: Uint8Array, offset: number): void {
    if (this.#descriptor === undefined) throw new Error(`'${this.name}' was read after it had been closed`)
    for (let done = 0; done < target.length; ) {
      const wanted = Math.min(target.length - done, MAX_READ_BYTES)
      let got: number
      try {
        got = readSync(this.#descriptor, target, done, wanted, offset + done)
      } catch (cause) {
        throw new CheckpointCorruptError(this.name, 'the disk reports an error while reading it', { cause })
      }
      if (got === 0) throw new CheckpointCorruptError(this.name, 'it ends too early')
      done += got
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}
