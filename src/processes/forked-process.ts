/** A process of ours that runs one file of this program: messages both ways, its first answer, and its end on every path. */

import { type ChildProcess, fork } from 'node:child_process'
import { deathSignalPrefix } from './death-signal.ts'
import { ALIVE } from './parent.ts'
import { withoutSecrets } from './secrets.ts'
import { ANSWERING, type Patience, SilenceWatch } from './silence-watch.ts'

export interface ForkOptions {
  /** Its environment; by default this process's. Secrets are never a part of it. */
  readonly env?: NodeJS.ProcessEnv
  readonly execArgv?: readonly string[]
  /** Where its standard error goes; the other streams go nowhere. */
  readonly stderr: 'inherit' | 'ignore'
  /** How long it may give no sign of life before it is killed; by default as one that answers. */
  readonly patience?: Patience | undefined
}

/** What V8 keeps for young objects is 35 MB smaller so, at the same speed; the collector can be called. */
export const SMALL_HEAP = ['--expose-gc', '--max-semi-space-size=2']

/** A killed process is gone within milliseconds, unless a driver or a disk that hangs keeps it in the kernel. */
const KILL_TIMEOUT_MS = 10_000

/** How a process has ended. */
export interface ProcessEnd {
  /** Such as `SIGKILL`, `exit code 3`, or the system's code of why it could not be started. */
  readonly how: string
  readonly hasStarted: boolean
  /** It was killed because it gave no sign of life, or did not do what it was told. */
  readonly isHang: boolean
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

/**
 * `ToChild` and `FromChild` are trusted: both ends are of the same build, and the other calls `serveParent`. The process is
 * the leader of a session of its own, so that a signal to this one's group, such as Ctrl-C, does not reach it; it ends when this
 * one does.
 */
export class ForkedProcess<ToChild extends object, FromChild> {
  readonly #child: ChildProcess
  readonly #listeners: ((message: FromChild) => void)[] = []
  readonly #signsOfLife: (() => void)[] = []
  readonly #end = Promise.withResolvers<ProcessEnd>()
  readonly #watch: SilenceWatch | undefined
  #hasEnded = false
  /** Why it is killed where it hangs. */
  #hang: string | undefined
  #killing: NodeJS.Timeout | undefined

  constructor(entry: URL, { env, execArgv = [], stderr, patience = ANSWERING }: ForkOptions) {
    const [execPath = process.execPath, ...before] = [...deathSignalPrefix(), process.execPath]
    this.#child = fork(entry, {
      serialization: 'advanced',
      detached: true,
      execPath,
      execArgv: [...before, ...execArgv],
      env: withoutSecrets(env),
      // Standard output stays the caller's.
      stdio: ['ignore', 'ignore', stderr, 'ipc'],
    })
    const { pid } = this.#child
    this.#child.once('exit', (code, signal) => this.#settle(signal ?? `exit code ${code}`))
    this.#child.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (pid === undefined) this.#settle(code ?? 'an unknown cause') // else a signal or a message that did not arrive
    })
    this.#child.on('message', (message: FromChild | typeof ALIVE) => this.#receive(message))
    if (pid === undefined) return
    this.#watch = new SilenceWatch({
      pid,
      patience,
      ask: () => this.#send(ALIVE),
      onSilent: (seconds) => this.killHung(`it gave no sign of life for ${seconds} s`),
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get hasEnded(): boolean {
    return this.pid === undefined || this.#hasEnded
  }

  /** Settles when the process is gone, or cannot be killed. */
  get ended(): Promise<ProcessEnd> {
    return this.#end.promise
  }

  /** It does nothing and says nothing, and will be killed if that goes on. */
  get isSilent(): boolean {
    return !this.hasEnded && (this.#watch?.isSuspicious ?? false)
  }

  /** Told each message, in order; from the start on where it is set before the first wait. */
  onMessage(listener: (message: FromChild) => void): void {
    this.#listeners.push(listener)
  }

  /** Told when the process shows that it reads its messages: not more often than every few seconds, or than it reads them. */
  onSignOfLife(listener: () => void): void {
    this.#signsOfLife.push(listener)
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
    this.#send(message)
  }

  kill(): void {
    if (this.hasEnded) return
    this.#child.kill('SIGKILL')
    // Nobody waits for ever for one that waits for a driver, nor does the end of this process.
    this.#killing ??= setTimeout(() => {
      if (this.#child.connected) this.#child.disconnect()
      this.#child.unref()
      this.#settle('SIGKILL, which it does not obey')
    }, KILL_TIMEOUT_MS).unref()
  }

  /** @param why  half a sentence, of which `ended` tells. */
  killHung(why: string): void {
    this.#hang ??= why
    this.kill()
  }

  /** Tells it to end, kills it where it has not within `timeoutMs`, and waits until it is gone. */
  async stop(message: ToChild, timeoutMs: number): Promise<void> {
    if (this.hasEnded) return
    this.send(message)
    const timer = setTimeout(() => this.kill(), timeoutMs)
    await this.ended
    clearTimeout(timer)
  }

  #receive(message: FromChild | typeof ALIVE): void {
    if (message === ALIVE) {
      this.#watch?.answered()
      for (const listener of this.#signsOfLife) listener()
      return
    }
    this.#watch?.heard()
    for (const listener of this.#listeners) listener(message as FromChild)
  }

  #send(message: ToChild | typeof ALIVE): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #settle(how: string): void {
    this.#hasEnded = true
    this.#watch?.[Symbol.dispose]()
    clearTimeout(this.#killing)
    const isHang = this.#hang !== undefined
    this.#end.resolve({ how: isHang ? `${how}: ${this.#hang}` : how, hasStarted: this.pid !== undefined, isHang })
  }
}
