/** NVIDIA's GPUs, by their driver's own program. */

import { execFile } from 'node:child_process'
import { withoutKeys } from '../processes/foreign-environment.ts'

const NVIDIA_SMI = 'nvidia-smi'
const LONGEST_MS = 10_000

/** A program's standard output; undefined where it is not there, fails, or does not end in time. */
export async function outputOf(
  program: string,
  args: readonly string[],
  timeout = LONGEST_MS,
): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const options = { timeout, killSignal: 'SIGKILL', maxBuffer: 1024 * 1024, env: withoutKeys(process.env) } as const
    execFile(program, args, options, (error, stdout) => resolve(error ? undefined : stdout))
  })
}

export interface GraphicsCard {
  readonly index: number
  readonly name: string
  readonly memoryBytes: number
  readonly driver: string
}

/** None where there is no driver. */
export async function graphicsCards(): Promise<readonly GraphicsCard[]> {
  const query = '--query-gpu=index,name,memory.total,driver_version'
  const text = await outputOf(NVIDIA_SMI, [query, '--format=csv,noheader,nounits'])
  return (text ?? '')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 4)
    .map(([index, name, mebibytes, driver]) => ({
      index: Number(index),
      name: name!,
      memoryBytes: Number(mebibytes) * 1024 ** 2,
      driver: driver!,
    }))
}

const MEMORY_QUERY = ['--query-compute-apps=pid,used_gpu_memory', '--format=csv,noheader,nounits']
/** The driver answers within a second even with eight GPUs; one that hangs is lost. */
const MEMORY_TIMEOUT_MS = 5000
/** An answer is asked for no more often: it takes the driver's time. */
const FRESH_MS = 2000

/** Bytes by process id, over all GPUs. */
export type DeviceMemory = ReadonlyMap<number, number>

/**
 * The GPUs' memory by process. Without the program, and where it does not see the processes (a
 * container without the host's process ids), nothing is known.
 */
export class DeviceMemoryReader {
  readonly #program: string
  #known: DeviceMemory = new Map()
  #readAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<DeviceMemory> | undefined

  /** @param program  the driver's, or a stand-in for tests. */
  constructor(program = NVIDIA_SMI) {
    this.#program = program
  }

  /** Bytes of the process at the last reading; a new reading is begun for the next call. */
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
    this.#known = parseComputeApps((await outputOf(this.#program, MEMORY_QUERY, MEMORY_TIMEOUT_MS)) ?? '')
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
