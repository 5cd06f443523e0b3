/** Under which identity a model's graphs lie in the compiled cache. Free of the runtime. */

import type { CompiledSources } from '../../checkpoint/index.ts'
import type { Device } from '../../config.ts'
import type { ResolvedDevice } from '../../inference/index.ts'
import { machineIdentity } from '../precision/machine.ts'
import type { Formats } from '../precision/precision.ts'
import type { CompiledIdentity } from './cache.ts'

/** `auto` is the CPU where the machine was not asked what it has; the choice is made before engines are started. */
export function resolveDevice(device: Device): ResolvedDevice {
  return device === 'auto' ? 'cpu' : device
}

/** Only the CPU's graphs can be saved with their packed weights. */
export function isPreparedOn(device: ResolvedDevice): boolean {
  return device === 'cpu'
}

export function compiledIdentity(
  { digest, alignmentHeads }: Pick<CompiledSources, 'digest' | 'alignmentHeads'>,
  formats: Formats,
  device: ResolvedDevice,
): CompiledIdentity {
  return { digest, alignmentHeads, options: graphOptions(device, formats), machine: machineOf(device) }
}

function graphOptions(device: ResolvedDevice, formats: Formats): CompiledIdentity['options'] {
  // A CUDA device can't keep keys and values from step to step, so there windows are generated in one run.
  if (device.startsWith('cuda')) return { ...formats, hasGenerate: true }
  return { ...formats, target: device === 'webgpu' ? 'webgpu' : 'cpu' }
}

function machineOf(device: ResolvedDevice): string | undefined {
  return isPreparedOn(device) ? machineIdentity() : undefined
}
