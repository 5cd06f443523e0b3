/** A process of ours that runs one file of this program: messages both ways, its first answer, and its end on every path. */

import { type ChildProcess, fork } from 'node:child_process'
import { withoutSecrets } from './secrets.ts'

export interface ForkOptions {
  /** Its environment; by default this process's. Secrets are never a part of it. */
  readonly env?: NodeJS.ProcessEnv
  readonly execArgv?: readonly string[]
  /** Where its standard error goes; the other streams go nowhere. */
  readonly stderr: 'inherit' | 'ignore'
}

/** What V8 keeps for young objects is 35 MB smaller so, at the same speed; the collector can be called. */
export const SMALL_HEAP = ['--expose-gc', '--max-semi-space-size=2']

/** How a process has ended. */
export interface ProcessEnd {
  /** Such as `SIGKILL`, `exit code 3`, or why it could not be started. */
  readonly how: string
  readonly hasStarted: boolean
}

/** A process has ended before its answer; for the caller to put into its own words. */
export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError'
  readonly end: ProcessEnd

  constructor(end: ProcessEnd) {
    super(`The process was ended by ${end.how} before it answered.`)
    this.end = end
  }
}

/** `ToChild` and `FromChild` are trusted: both ends are of the same build. */
export class ForkedProcess<ToChild extends object, FromChild> {
  readonly #child: ChildProcess
  /** Settles when the process is gone. */
  readonly ended: Promise<ProcessEnd>

  constructor(entry: URL, { env, execArgv = [], stderr }: ForkOptions) {
    this.#child = fork(entry, {
      serialization: 'advanced',
      execArgv: [...execArgv],
      env: withoutSecrets(env),
      // Standard output stays the caller's.
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
    })
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>()
    this.ended = promise
    this.#child.once('exit', (code, signal) => resolve({ how: signal ?? `exit code ${code}`, hasStarted: true }))
    this.#child.on('error', ({ message }) => resolve({ how: message, hasStarted: this.pid !== undefined }))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get hasEnded(): boolean {
    return this.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Told each message, in order; from the start on where it is set before the first wait. */
  onMessage(listener: (message: FromChild) => void): void {
    this.#child.on('message', (message) => listener(message as FromChild))
  }

  /**
   * Sends a question and waits for its answer.
   *
   * @param read  makes the answer of a message; undefined: it is still to come. What it throws is thrown here.
   * @throws {ProcessEndedError} when the process ends before that.
   */
  async ask<Answer>(question: ToChild, read: (message: FromChild) => Answer | undefined): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>()
    this.onMessage((message) => {
      try {
        const found = read(message)
        if (found !== undefined) answer.resolve(found)
      } catch (error) {
        answer.reject(error)
      }
    })
    void this.ended.then((end) => answer.reject(new ProcessEndedError(end)))
    this.send(question)
    return await answer.promise
  }

  /** A process that is ending cannot be told anything; `ended` answers for it. */
  send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Tells it to end, kills it where it has not within `timeoutMs`, and waits until it is gone. */
  async stop(message: ToChild, timeoutMs: number): Promise<void> {
    if (this.hasEnded) return
    this.send(message)
    const timer = setTimeout(() => this.kill(), timeoutMs)
    await this.ended
    clearTimeout(timer)
  }

  /** Lets this process end though the other has not, as one that waits for a driver cannot be killed. */
  abandon(): void {
    if (this.#child.connected) this.#child.disconnect()
    this.#child.unref()
  }
}
