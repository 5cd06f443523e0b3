/**
 * Programs that a benchmark starts. Each has a process group of its own, so that whatever it starts in turn ends with it;
 * and none outlives the benchmark, whether that comes to its end, fails, or is stopped by Ctrl-C.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** A service ends its engines and deletes its uploads within this. */
const GRACE_MS = 5000

export interface GroupOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Whether its standard input and output are ours; else it has none. What it says of errors is seen in any case. */
  readonly isAsked: boolean
  /** Settles when a program that was asked to end has had its time. */
  readonly grace?: () => Promise<unknown>
}

const running = new Set<ProcessGroup>()

export class ProcessGroup implements AsyncDisposable {
  readonly pid: number
  /** How it ended: `SIGILL` or `exit code 1`. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #grace: () => Promise<unknown>

  private constructor(child: ChildProcess, ended: Promise<string>, grace: () => Promise<unknown>) {
    this.pid = child.pid!
    this.#child = child
    this.#grace = grace
    this.ended = ended
  }

  /** @throws the system's error when the program cannot be started. */
  static async start(program: string, words: readonly string[], options: GroupOptions): Promise<ProcessGroup> {
    const { env = process.env, isAsked, grace = () => sleep(GRACE_MS, undefined, { ref: false }) } = options
    const pipe = isAsked ? 'pipe' : 'ignore'
    const child = spawn(program, words, { env, stdio: [pipe, pipe, 'inherit'], detached: true })
    const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? `exit code ${code}`))
    if (child.pid === undefined) await ended // it fails with the reason
    child.stdin?.on('error', () => {}) // it ended before it read all; that it did is told by `ended`
    const group = new ProcessGroup(child, ended, grace)
    endWithUs(group) // in the same turn as its start
    return group
  }

  /** Only where it is asked. */
  get input(): Writable {
    return this.#child.stdin!
  }

  /** Only where it is asked. */
  get output(): Readable {
    return this.#child.stdout!
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Asks it to end, and kills it and all that it has started when it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!running.has(this)) return
    this.#child.stdin?.end()
    if (!this.hasEnded) {
      this.signal('SIGTERM')
      await Promise.race([this.ended, this.#grace()])
    }
    this.signal('SIGKILL') // what it has left behind, where it has ended
    await this.ended
    running.delete(this)
  }

  /** To the whole group. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    try {
      process.kill(-this.pid, name)
    } catch {
      // nobody of the group is left
    }
  }
}

let isListening = false

function endWithUs(group: ProcessGroup): void {
  running.add(group)
  if (isListening) return
  isListening = true
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => process.exit(128 + constants.signals[name]))
  }
  // Also after an error that nobody has caught. Nothing can be waited for any more.
  process.on('exit', () => {
    for (const group of running) group.signal('SIGKILL')
  })
}
