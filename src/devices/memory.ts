/**
 * How much of an NVIDIA GPU's memory each process has, as the driver's own program tells. Where there is no such program, or it
 * does not see the processes (a container without the host's process ids), nothing is known.
 */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const QUERY = ['--query-compute-apps=pid,used_gpu_memory', '--format=csv,noheader,nounits']
/** It answers within a second even with eight GPUs; one that hangs has lost its driver. */
const TIMEOUT_MS = 5000
/** An answer is asked for no more often: it takes the driver's time. */
const FRESH_MS = 2000

/** Bytes by process id, over all GPUs. */
export type DeviceMemory = ReadonlyMap<number, number>

export class DeviceMemoryReader {
  readonly #program: string
  #known: DeviceMemory = new Map()
  #readAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<DeviceMemory> | undefined

  /** @param program  the driver's, or a stand-in for tests. */
  constructor(program = 'nvidia-smi') {
    this.#program = program
  }

  /** What the process had when it was last looked at, which is done anew for the next time. */
  bytesOf(pid: number): number | undefined {
    void this.read()
    return this.#known.get(pid)
  }

  /** Never fails: where nothing can be read there is nothing known. */
  async read(): Promise<DeviceMemory> {
    if (performance.now() - this.#readAtMs < FRESH_MS) return this.#known
    this.#reading ??= this.#ask().finally(() => {
      this.#reading = undefined
    })
    return await this.#reading
  }

  async #ask(): Promise<DeviceMemory> {
    try {
      const { stdout } = await promisify(execFile)(this.#program, QUERY, { timeout: TIMEOUT_MS })
      this.#known = parseComputeApps(stdout)
    } catch {
      this.#known = new Map()
    }
    this.#readAtMs = performance.now()
    return this.#known
  }
}

/** @param csv  lines such as `1234, 567`: process id and MiB, the latter `[N/A]` where the driver does not tell. */
export function parseComputeApps(csv: string): DeviceMemory {
  const bytes = new Map<number, number>()
  for (const line of csv.split('\n')) {
    const [, pid, mebibytes] = /^\s*(\d+)\s*,\s*(\d+)/.exec(line) ?? []
    if (pid === undefined) continue
    bytes.set(Number(pid), (bytes.get(Number(pid)) ?? 0) + Number(mebibytes) * 1024 ** 2)
  }
  return bytes
}
