/** The speed of the work and the time that the rest of it will take. */

export interface PaceOptions {
  /** Every file with its size in bytes, where that is known; more may be added. */
  readonly files: ReadonlyMap<string, number | undefined>
  readonly durationOf: (file: string) => Promise<number | undefined>
  readonly now?: (() => number) | undefined
}

/** A file that is being worked on. */
export interface CurrentFile {
  readonly file: string
  readonly doneSeconds: number
  /** undefined where it is not known. */
  readonly totalSeconds: number | undefined
}

/** Before so much time has passed and so much is done, no estimate is worth reading. */
const LEAST_ELAPSED_MS = 1000
const LEAST_FRACTION = 0.005

export class Pace {
  readonly #files: ReadonlyMap<string, number | undefined>
  readonly #durationOf: PaceOptions['durationOf']
  readonly #now: () => number
  readonly #durations = new Map<string, number | undefined>()
  readonly #current = new Map<string, number>()
  readonly #ended = new Set<string>()
  /** Files that ended without taking time worth counting. */
  readonly #idle = new Set<string>()
  #startedAt: number | undefined
  /** When something was last heard; between two windows nothing is. */
  #heardAt = 0
  #finishedSeconds = 0

  constructor({ files, durationOf, now = () => performance.now() }: PaceOptions) {
    this.#files = files
    this.#durationOf = durationOf
    this.#now = now
  }

  /** The clock starts anew with the work that follows: what a model's load takes says nothing about the rest. */
  restart(): void {
    if (this.#finishedSeconds === 0) this.#startedAt = this.#now()
  }

  show(file: string, doneSeconds: number): void {
    this.#heard()
    this.#current.set(file, doneSeconds)
    if (this.#durations.has(file)) return
    this.#durations.set(file, undefined)
    // A file that cannot be looked into is reported by its transcription.
    this.#durationOf(file)
      .then((seconds) => {
        if (!this.#ended.has(file)) this.#durations.set(file, seconds) // else a better one is there
      })
      .catch(() => {})
  }

  /** @param audioSeconds  undefined where the file took no time worth counting: it failed, or was skipped. */
  finish(file: string, audioSeconds: number | undefined): void {
    this.#current.delete(file)
    if (this.#ended.has(file)) return
    this.#ended.add(file)
    this.#heard()
    if (audioSeconds === undefined) {
      this.#idle.add(file)
    } else {
      this.#durations.set(file, audioSeconds)
      this.#finishedSeconds += audioSeconds
    }
  }

  get current(): CurrentFile[] {
    return Array.from(this.#current, ([file, doneSeconds]) => {
      const total = this.#durations.get(file)
      // Headers lie: a length that has been passed is none.
      return { file, doneSeconds, totalSeconds: total !== undefined && total >= doneSeconds ? total : undefined }
    })
  }

  get nFiles(): number {
    return this.#files.size
  }

  /** Files of which no more is to come, whatever became of them. */
  get nEnded(): number {
    return this.#ended.size
  }

  /** Share of all files that is done, 0 to 1. */
  get fraction(): number {
    const secondsPerByte = this.#secondsPerByte
    let done = 0
    let total = 0
    for (const [file, bytes] of this.#files) {
      if (this.#idle.has(file)) continue
      const seconds = this.#durations.get(file)
      // Files of one command are mostly of one kind, and to look into all of them would cost a process each.
      const length = seconds ?? (bytes || 1) * secondsPerByte
      total += length
      if (this.#ended.has(file)) done += length
      else if (seconds !== undefined) done += Math.min(this.#current.get(file) ?? 0, seconds)
    }
    return total > 0 ? done / total : 0
  }

  /** Seconds of recordings per second of work; undefined until something can be said. */
  get timesRealTime(): number | undefined {
    const seconds = this.#finishedSeconds + this.current.reduce((sum, { doneSeconds }) => sum + doneSeconds, 0)
    const elapsedMs = this.#elapsedMs
    return elapsedMs < LEAST_ELAPSED_MS || seconds === 0 ? undefined : seconds / (elapsedMs / 1000)
  }

  /** undefined until something can be said. */
  get remainingSeconds(): number | undefined {
    const { fraction } = this
    const elapsedMs = this.#elapsedMs
    if (elapsedMs < LEAST_ELAPSED_MS || fraction < LEAST_FRACTION) return undefined
    const wasLeftMs = elapsedMs * (1 / fraction - 1)
    return Math.max(0, wasLeftMs - (this.#now() - this.#heardAt)) / 1000
  }

  #heard(): void {
    this.#heardAt = this.#now()
    this.#startedAt ??= this.#heardAt
  }

  /** Time between the first and the last report. */
  get #elapsedMs(): number {
    return this.#startedAt === undefined ? 0 : this.#heardAt - this.#startedAt
  }

  /** Average over the files whose length is known; without any, every number would do. */
  get #secondsPerByte(): number {
    let seconds = 0
    let bytes = 0
    for (const [file, duration] of this.#durations) {
      if (duration === undefined || this.#idle.has(file)) continue
      seconds += duration
      bytes += this.#files.get(file) || 1
    }
    return seconds > 0 ? seconds / bytes : 1
  }
}
