/** A file read from front to end in pieces that are large, looked at in pieces that are small. */

import type { FileHandle } from 'node:fs/promises'
import { readAt } from '../read-at.ts'

const WINDOW_BYTES = 1024 * 1024

export class FileWindow {
  readonly #file: FileHandle
  #start = 0
  #bytes: Buffer = Buffer.alloc(0)

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** @returns a view of so many bytes, of fewer at the end of the file; it is good until the next call. */
  async at(position: number, nBytes: number): Promise<Buffer> {
    const isInside = position >= this.#start && position + nBytes <= this.#start + this.#bytes.length
    if (!isInside) {
      this.#bytes = await readAt(this.#file, position, Math.max(nBytes, WINDOW_BYTES))
      this.#start = position
    }
    return this.#bytes.subarray(position - this.#start, position - this.#start + nBytes)
  }
}
