/** The parts of a machine that matter to a model: processor, memory, graphics cards, devices that a session opens on. */

import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, freemem, totalmem } from 'node:os'
import { computesIn, type Device, type Dtype, hasDotProducts } from '../../device-precision.ts'
import { checkDevice } from '../../devices/index.ts'
import { AsrError } from '../../errors/index.ts'
import { processorFeatures } from '../../models/compiled/index.ts'

export interface ProcessorFacts {
  readonly model: string
  readonly architecture: string
  /** Cores that this process may use, of how many there are. */
  readonly cores: number
  readonly allCores: number
  /** Its instructions that onnxruntime has kernels for. */
  readonly features: readonly string[]
  /** 8-bit dot products, without which the encoder stays in float32. */
  readonly has8Bit: boolean
}

const RELEVANT =
  /^(sse4_1|avx|avx2|fma|f16c|avx512f|avx512_vnni|avx_vnni|avx512_bf16|amx_int8|amx_bf16|asimd|asimddp|i8mm|bf16|sve)$/

export function processorFacts(): ProcessorFacts {
  const all = processorFeatures()
  return {
    model: cpus()[0]?.model.trim() || 'unknown',
    architecture: arch(),
    cores: availableParallelism(),
    allCores: cpus().length,
    features: all.filter((name) => RELEVANT.test(name)),
    has8Bit: hasDotProducts(all),
  }
}

export interface MemoryFacts {
  /** The machine's, or its container's limit. */
  readonly totalBytes: number
  readonly availableBytes: number
  /** True where a container's limit is the smaller one. */
  readonly isLimited: boolean
}

export function memoryFacts(): MemoryFacts {
  const limit = process.constrainedMemory()
  const isLimited = limit > 0 && limit < totalmem()
  const available = availableMemory()
  const availableBytes = isLimited ? Math.min(available, process.availableMemory()) : available
  return { totalBytes: isLimited ? limit : totalmem(), availableBytes, isLimited }
}

/** Free memory, and the system's caches of files, which it would give back. */
function availableMemory(): number {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024
  } catch {
    return freemem()
  }
}

export interface DeviceFacts {
  readonly device: Device
  readonly isUsable: boolean
  /** Why not, and in the runtime's own words where it has said some. */
  readonly reason: string | undefined
}

/** Tries each device in a process of its own. */
export async function deviceFacts(devices: readonly Device[], dtype: Dtype): Promise<readonly DeviceFacts[]> {
  const found: DeviceFacts[] = []
  for (const device of devices) found.push({ device, ...(await tryDevice(device, dtype)) })
  return found
}

/** @param dtype  the one that is set; a GPU is tried in another where that is a processor's. */
export async function tryDevice(device: Device, dtype: Dtype): Promise<Pick<DeviceFacts, 'isUsable' | 'reason'>> {
  try {
    if (device !== 'auto' && device !== 'cpu')
      await checkDevice(device, { dtype: computesIn(dtype, device) ? dtype : 'auto' })
    return { isUsable: true, reason: undefined }
  } catch (error) {
    if (!(error instanceof AsrError)) throw error
    const [, why = error.message] = /\((.*)\)\.$/.exec(error.message) ?? []
    const detail = detailOf(error.cause)
    return { isUsable: false, reason: detail === undefined ? why : `${why}: ${detail}` }
  }
}

/** The line of the runtime's message that says what was missing. */
function detailOf(cause: unknown): string | undefined {
  const text = cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : ''
  const line = text.split('\n').find((one) => one.trim() !== '') ?? ''
  // After the place in its sources and the condition that did not hold.
  const [, words = line] = /(?: was false\. |^\w*Error: )([^/].*)$/.exec(line) ?? []
  return words.trim().slice(0, 200) || undefined
}
