/** Watches the processes of one system from outside: their memory, and whether they have come to rest. */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendants, residentBytesOfTree } from '../../test/helpers/judges/process-tree.ts'

const SAMPLE_EVERY_MS = 50
/** Threads that wait for more work by spinning stop well before. */
const LONGEST_REST_MS = 2000

/**
 * The most memory that a process and its descendants had at one moment, in bytes. Sampled; but where one process alone
 * once had more than any sample, that is taken, as the kernel keeps it.
 */
export class PeakMemory {
  #peak = 0
  readonly #pid: number

  constructor(pid: number) {
    this.#pid = pid
  }

  async during<T>(work: Promise<T>): Promise<T> {
    const timer = setInterval(() => this.#take(residentBytesOfTree(this.#pid)), SAMPLE_EVERY_MS)
    try {
      return await work
    } finally {
      clearInterval(timer)
      for (const id of [this.#pid, ...descendants(this.#pid)]) this.#take(highWaterMark(id))
      this.#take(residentBytesOfTree(this.#pid))
    }
  }

  get bytes(): number {
    return this.#peak
  }

  #take(bytes: number): void {
    this.#peak = Math.max(this.#peak, bytes)
  }
}

/** Waits until the processes use no more processor time, so that one system's spinning threads don't slow the next. */
export async function untilAtRest(pid: number): Promise<void> {
  let before = ticks(pid)
  for (let waited = 0; waited < LONGEST_REST_MS; waited += SAMPLE_EVERY_MS) {
    await sleep(SAMPLE_EVERY_MS)
    const now = ticks(pid)
    if (now === before) return
    before = now
  }
}

/** Processor time of a process and its descendants, in hundredths of a second. */
function ticks(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, id) => {
    const [, afterName = ''] = read(`/proc/${id}/stat`).split(/\) /)
    const fields = afterName.split(' ')
    return sum + Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  }, 0)
}

function highWaterMark(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it has just ended
  }
}
