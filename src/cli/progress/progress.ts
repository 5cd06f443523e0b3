/** The interface of the two displays of progress. */

import type { LoadingProgress } from '../../engine/index.ts'

export interface Progress {
  /** The stage of a model that is being loaded, minutes at the first use of a large one. undefined: it is loaded. */
  loading(progress: LoadingProgress | undefined): void
  /** A file is being worked on, and so many seconds of it are done. */
  show(file: string, doneSeconds: number): void
  /** No more is to be told of a file. @param audioSeconds  its length; undefined where nothing was transcribed. */
  finish(file: string, audioSeconds?: number): void
  /** To be called before anything else is written to the terminal, and at the end. */
  clear(): void
}

/** A stream that progress is told on. */
export interface Terminal extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

export interface ProgressOptions {
  readonly stream: Terminal
  /**
   * Of every file that will be worked on, its size in bytes where that is known; from them the rest is estimated. More
   * may be added.
   */
  readonly files: ReadonlyMap<string, number | undefined>
  /** Length of a file in seconds where it is known; asked once for each file that is told of. */
  readonly durationOf: (file: string) => Promise<number | undefined>
  /** Plural noun for the files. Default: files. */
  readonly unit?: string
  /** Milliseconds since any moment. */
  readonly now?: () => number
}
