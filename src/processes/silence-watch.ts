/**
 * Notices that a process has gone silent. It is asked for a sign of life, one question at a time, and the questions that
 * pass without any are counted: not the time, since this process may itself have been stopped, or the machine asleep,
 * and then the answers have not been read yet.
 *
 * The runtime blocks an engine's JavaScript thread for as long as one call takes, which on a slow machine may be minutes. So
 * a process that computes, or reads from the disk, has more patience than one that does nothing at all.
 */

import { readStat, STAT } from './process-stat.ts'

export interface Patience {
  /** Between two looks. */
  readonly tickMs: number
  /** Looks in a row without a sign of life in which the process has had no time of a processor either. */
  readonly idleTicks: number
  /** Looks in a row without a sign of life, whatever the process has done. */
  readonly busyTicks: number
}

/** Of a process that answers: a minute where it does nothing; ten, which is several times the slowest single call, else. */
export const ANSWERING: Patience = { tickMs: 5_000, idleTicks: 12, busyTicks: 120 }

/** Of one that writes gigabytes, perhaps to a slow disk, and holds up no other request: five minutes, and half an hour. */
export const PREPARING: Patience = { tickMs: 5_000, idleTicks: 60, busyTicks: 360 }

export interface SilenceWatchOptions {
  readonly pid: number
  readonly patience: Patience
  /** Asks for a sign of life; `answered` is to be called when it comes. */
  readonly ask: () => void
  /** Called once, after the number of seconds. */
  readonly onSilent: (seconds: number) => void
}

export class SilenceWatch implements Disposable {
  readonly #options: SilenceWatchOptions
  readonly #timer: NodeJS.Timeout
  #isAsked = false
  #nSilent = 0
  #nIdle = 0
  #work: number | undefined

  constructor(options: SilenceWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(), options.patience.tickMs).unref()
  }

  /** Whether half of the patience with a process that does nothing is used up. */
  get isSuspicious(): boolean {
    return this.#nIdle * 2 >= this.#options.patience.idleTicks
  }

  /** The process has said something. */
  heard(): void {
    this.#nSilent = 0
    this.#nIdle = 0
  }

  answered(): void {
    this.#isAsked = false
    this.heard()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { pid, patience, ask, onSilent } = this.#options
    if (!this.#isAsked) {
      this.#isAsked = true
      ask()
      return
    }
    const work = workOf(pid)
    this.#nIdle = work === undefined || work !== this.#work ? 0 : this.#nIdle + 1
    this.#work = work
    this.#nSilent++
    if (this.#nIdle < patience.idleTicks && this.#nSilent < patience.busyTicks) return
    this[Symbol.dispose]()
    onSilent((this.#nSilent * patience.tickMs) / 1000)
  }
}

/** Grows while the process computes or waits for pages of a disk; undefined where the system does not tell. */
function workOf(pid: number): number | undefined {
  try {
    const counts = readStat(pid, STAT.majorFaults, STAT.userTicks, STAT.systemTicks)
    return counts?.reduce((sum, count) => sum + count, 0)
  } catch {
    return undefined
  }
}
