/** `bin/paradox serve` in a session of its own, whose log is read or not, and all processes that it has ever had. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { readStat, STAT } from '../../src/processes/process-stat.ts'
import { descendants, isRunning, residentBytes } from '../helpers/judges/process-tree.ts'
import { freePort } from '../helpers/rigs/service-process.ts'
import { until } from '../helpers/until.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PARADOX = resolve(ROOT, 'bin/paradox')
/** What the service logged, for whoever looks into a failure. */
const LOG_FILE = resolve(ROOT, 'test-artefacts/chaos/service.log')
/** How often new processes are looked for: often enough to see an ffmpeg. */
const WATCH_MS = 100

export interface Process {
  readonly pid: number
  /** In clock ticks since the machine's start: with the pid it means one process for good. */
  readonly startedAt: number
  readonly command: string
}

export class Served implements AsyncDisposable {
  readonly child: ChildProcess
  readonly baseUrl: string
  readonly #seen = new Map<string, Process>()
  readonly #watch: NodeJS.Timeout
  readonly #exited: Promise<unknown>

  private constructor(child: ChildProcess, baseUrl: string) {
    this.child = child
    this.baseUrl = baseUrl
    this.#exited = once(child, 'exit')
    this.#watch = setInterval(() => this.processes(), WATCH_MS)
    mkdirSync(dirname(LOG_FILE), { recursive: true })
    child.stderr!.pipe(createWriteStream(LOG_FILE))
  }

  static async start(env: NodeJS.ProcessEnv): Promise<Served> {
    const port = await freePort()
    const child = spawn(PARADOX, ['serve'], {
      env: { ...process.env, HOST: '127.0.0.1', PORT: String(port), ...env },
      stdio: ['ignore', 'inherit', 'pipe'],
      detached: true,
    })
    const served = new Served(child, `http://127.0.0.1:${port}`)
    await until(() => served.answers('/readyz'), 'a service that is ready')
    return served
  }

  get pid(): number {
    return this.child.pid!
  }

  /** What it has started and what runs now; each is remembered. */
  processes(): Process[] {
    const running = descendants(this.pid).flatMap((pid) => describe(pid) ?? [])
    for (const one of running) this.#seen.set(`${one.pid} ${one.startedAt}`, one)
    return running
  }

  /** Of all that it ever started, what still runs. */
  survivors(): Process[] {
    return [...this.#seen.values()].filter(
      ({ pid, startedAt }) => isRunning(pid) && describe(pid)?.startedAt === startedAt,
    )
  }

  get residentBytes(): number {
    return residentBytes(this.pid)
  }

  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** The pipe of its log fills up. */
  ignoreLog(): void {
    this.child.stderr!.pause()
  }

  readLog(): void {
    this.child.stderr!.resume()
  }

  /** To every process of its group, as a terminal's Ctrl-C and `kill -- -PGID` do it. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  async answers(path: string): Promise<boolean> {
    return await fetch(`${this.baseUrl}${path}`, { signal: AbortSignal.timeout(5000) }).then(
      async (response) => {
        await response.arrayBuffer()
        return response.ok
      },
      () => false,
    )
  }

  async ended(): Promise<void> {
    await this.#exited
    clearInterval(this.#watch)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL')
      await this.#exited
    }
    clearInterval(this.#watch)
  }
}

function describe(pid: number): Process | undefined {
  try {
    const [startedAt] = readStat(pid, STAT.startTicks) ?? []
    if (startedAt === undefined) return undefined
    return { pid, startedAt, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }
  } catch {
    return undefined // it has just ended
  }
}
