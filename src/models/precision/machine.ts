/**
 * What a saved graph depends on besides the checkpoint: the runtime's version and the processor's instructions. Reads
 * files only, since the command line asks too and must not load the runtime.
 */

import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { arch, cpus } from 'node:os'
import { runtimeVersion } from '../../runtime-package.ts'

/** The first processor's lines are enough, and on a machine with hundreds of them the rest takes milliseconds. */
const FIRST_PROCESSOR_BYTES = 8192

/** Names of the processor's features, as Linux lists them; empty where nothing is known. */
export function processorFeatures(): readonly string[] {
  try {
    const fd = openSync('/proc/cpuinfo', 'r')
    try {
      const bytes = Buffer.alloc(FIRST_PROCESSOR_BYTES)
      const text = bytes.toString('latin1', 0, readSync(fd, bytes))
      return /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? []
    } finally {
      closeSync(fd)
    }
  } catch {
    return []
  }
}

/** Instructions that the runtime chooses its kernels by; the others change with kernels and hypervisors. */
const CHOSEN_BY = /^(sse4_1|avx\w*|fma|f16c|amx_\w*|asimd\w*|sve\w*|i8mm|bf16|fphp)$/

/** Such as `onnxruntime 1.30.0 x64 4f0c2a91`; equal on machines that can share prepared graphs. */
export function machineIdentity(): string {
  const features = processorFeatures().filter((name) => CHOSEN_BY.test(name))
  const processor = features.length > 0 ? features.sort().join(' ') : (cpus()[0]?.model ?? 'unknown')
  const digest = createHash('sha256').update(processor).digest('hex').slice(0, 8)
  return `onnxruntime ${runtimeVersion()} ${arch()} ${digest}`
}
