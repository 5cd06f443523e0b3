/**
 * Where log lines go: a file, a pipe or a terminal that may be full, slow or gone. Neither stops the process that logs, which
 * is why this is no stream of a library: pino's waits for its reader in the main thread, or keeps the process from ending.
 */

import { write, writeSync } from 'node:fs'

/** Lines that wait for their reader are kept up to this size, some thousands. */
const MOST_BYTES = 1024 ** 2
/** After a reader that takes nothing, or a disk that is full. */
const RETRY_MS = 100
/** For the last lines of a process. */
const LAST_TRIES = 50
const LAST_PAUSE_MS = 10

export class LogStream {
  readonly #fd: number
  readonly #mostBytes: number
  #waiting: string[] = []
  #waitingBytes = 0
  /** Being written, or to be written again. */
  #chunk: Buffer = Buffer.alloc(0)
  #isWriting = false
  #nDropped = 0

  /** @param fd  of a file, or of a pipe or socket that does not block. */
  constructor(fd: number, mostBytes = MOST_BYTES) {
    this.#fd = fd
    this.#mostBytes = mostBytes
  }

  /** Lines that were not written: too many waited, or the system refused them. */
  get nDropped(): number {
    return this.#nDropped
  }

  /** @param line  with its line feed. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + bytes > this.#mostBytes) {
      this.#nDropped++
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += bytes
    if (this.#chunk.length === 0) this.#writeWaiting()
  }

  /** Writes what is left, and waits no longer than half a second for its reader; for the end of the process. */
  flushSync(): void {
    let left = this.#isWriting ? Buffer.alloc(0) : this.#chunk // what is being written is the system's
    left = Buffer.concat([left, this.#takeWaiting()])
    for (let nTries = 0; left.length > 0 && nTries < LAST_TRIES; nTries++) {
      try {
        left = left.subarray(writeSync(this.#fd, left))
      } catch (error) {
        if (!isBusy(error)) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_PAUSE_MS)
      }
    }
  }

  #takeWaiting(): Buffer {
    const lines = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingBytes = 0
    return lines
  }

  #writeWaiting(): void {
    this.#chunk = this.#takeWaiting()
    if (this.#chunk.length > 0) this.#writeChunk()
  }

  #writeChunk(): void {
    this.#isWriting = true
    write(this.#fd, this.#chunk, (error, nBytes) => {
      this.#isWriting = false
      if (error && isBusy(error)) {
        // Keeps no process alive whose log nobody reads.
        setTimeout(() => this.#writeChunk(), RETRY_MS).unref()
        return
      }
      if (error) this.#nDropped += this.#chunk.toString().split('\n').length - 1
      this.#chunk = error ? Buffer.alloc(0) : this.#chunk.subarray(nBytes)
      if (this.#chunk.length > 0) this.#writeChunk()
      else this.#writeWaiting()
    })
  }
}

/** Its reader has not read what is there. */
function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN'
}
