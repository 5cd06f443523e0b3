/** Progress of the download of one repository. */
export interface DownloadProgress {
  /** The file that is being fetched. */
  readonly file: string
  /** Bytes that are on this machine, of all wanted files; those that were there before count too. */
  readonly doneBytes: number
  readonly totalBytes: number
}

export type OnProgress = (progress: DownloadProgress) => void

/** At most this many reports for growing bytes, plus one per file: throttled by bytes, so it needs no clock. */
const STEPS = 100

/** Adds up the bytes of a set of files and reports whenever another hundredth of the set has arrived. */
export class ProgressMeter {
  readonly #totalBytes: number
  readonly #onProgress: OnProgress
  #finishedBytes = 0
  #reportedBytes = 0

  constructor(totalBytes: number, onProgress: OnProgress = () => {}) {
    this.#totalBytes = totalBytes
    this.#onProgress = onProgress
  }

  /** @param fileBytes  of `file` alone, so far; it may shrink when a download has to start again. */
  update(file: string, fileBytes: number): void {
    const doneBytes = this.#finishedBytes + fileBytes
    if (Math.abs(doneBytes - this.#reportedBytes) * STEPS >= this.#totalBytes) this.#report(file, doneBytes)
  }

  finish(file: string, fileBytes: number): void {
    this.#finishedBytes += fileBytes
    this.#report(file, this.#finishedBytes)
  }

  #report(file: string, doneBytes: number): void {
    this.#reportedBytes = doneBytes
    this.#onProgress({ file, doneBytes, totalBytes: this.#totalBytes })
  }
}
