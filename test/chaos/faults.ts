/** What goes wrong on machines, done on purpose. Each fault ends by itself within seconds. */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Process, Served } from './served.ts'

export interface Fault {
  readonly name: string
  /** @returns whether there was anything to do it to. */
  strike(random: () => number): Promise<boolean>
}

export interface Places {
  /** Where recordings are received; a small disk of its own, or undefined where none may be mounted. */
  readonly smallTempDir: string | undefined
  /** Of compiled models, which are compiled again where they are missing. */
  readonly cacheDir: string
}

const KINDS = {
  engine: /engine\/entry\.ts/,
  ffmpeg: /(^|\/)ffmpeg /,
  preparation: /preparation-entry|compile-entry/,
} as const
type Kind = keyof typeof KINDS

const LONGEST_STOP_MS = 4000
const LONGEST_SEARCH_MS = 3000
const SEARCH_MS = 20
const FULL_DISK_MS = 2000
const FEW_FILES_MS = 2000
const SILENT_LOG_MS = 6000

export function faultsOf(served: Served, { smallTempDir, cacheDir }: Places): Fault[] {
  const all = (kind: Kind) => served.processes().filter(({ command }) => KINDS[kind].test(command))

  /** One of a kind, where there is any within a while: some last for less than a second. */
  const one = async (kind: Kind, random: () => number): Promise<Process | undefined> => {
    const deadline = performance.now() + LONGEST_SEARCH_MS
    for (let found = all(kind); performance.now() < deadline; found = all(kind)) {
      if (found.length > 0) return found[Math.floor(random() * found.length)]
      await setTimeout(SEARCH_MS)
    }
    return undefined
  }

  /** Models are compiled anew for the next requests. */
  const loseCompiled = () => {
    const compiled = join(cacheDir, 'compiled')
    for (const name of readdirSync(compiled)) {
      if (!name.startsWith('.')) rmSync(join(compiled, name), { recursive: true, force: true })
    }
    for (const { pid } of all('engine')) signal(pid, 'SIGKILL')
  }

  const kill = (kind: Kind): Fault => ({
    name: `SIGKILL of ${kind}`,
    async strike(random) {
      if (kind === 'preparation') loseCompiled()
      const target = await one(kind, random)
      if (target) signal(target.pid, 'SIGKILL')
      return target !== undefined
    },
  })

  const stop = (kind: Kind): Fault => ({
    name: `SIGSTOP and SIGCONT of ${kind}`,
    async strike(random) {
      if (kind === 'preparation') loseCompiled()
      const target = await one(kind, random)
      if (!target) return false
      signal(target.pid, 'SIGSTOP')
      await setTimeout(random() * LONGEST_STOP_MS)
      signal(target.pid, 'SIGCONT')
      return true
    },
  })

  const stoppedService: Fault = {
    name: 'SIGSTOP and SIGCONT of the service',
    async strike(random) {
      signal(served.pid, 'SIGSTOP')
      await setTimeout((random() * LONGEST_STOP_MS) / 2)
      signal(served.pid, 'SIGCONT')
      return true
    },
  }

  const fullDisk: Fault = {
    name: 'ENOSPC where recordings are received',
    async strike() {
      if (smallTempDir === undefined) return false
      const filler = join(smallTempDir, 'filler')
      const { bavail, bsize } = statfsSync(smallTempDir)
      try {
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 4096)))
      } catch {
        // somebody else was quicker, and it is full all the same
      }
      await setTimeout(FULL_DISK_MS)
      rmSync(filler, { force: true })
      return true
    },
  }

  const fewFiles: Fault = {
    name: 'EMFILE of the service',
    async strike() {
      const usual = limitOf(served.pid)
      prlimit(served.pid, `${served.openFiles + 2}:${usual.hard}`)
      await setTimeout(FEW_FILES_MS)
      prlimit(served.pid, `${usual.soft}:${usual.hard}`)
      return true
    },
  }

  const silentLog: Fault = {
    name: 'a reader of the log that stops',
    async strike() {
      served.ignoreLog()
      await setTimeout(SILENT_LOG_MS)
      served.readLog()
      return true
    },
  }

  return [
    ...(['engine', 'ffmpeg', 'preparation'] as const).flatMap((kind) => [kill(kind), stop(kind)]),
    ...[stoppedService, fullDisk, fewFiles, silentLog],
  ]
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // it has ended by itself
  }
}

/** Of open files, as proc(5) has it. */
function limitOf(pid: number): { soft: string; hard: string } {
  const [, soft, hard] = /^Max open files +(\w+) +(\w+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))!
  return { soft: soft!, hard: hard! }
}

function prlimit(pid: number, nofile: string): void {
  execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${nofile}`])
}
