/** Under which identity a model's graphs lie in the compiled cache. Free of the runtime. */

import type { CompiledSources } from '../../checkpoint/index.ts'
import type { Device } from '../../config.ts'
import type { ResolvedDevice } from '../../runtime/index.ts'
import { targetOf } from '../graph-target.ts'
import { machineIdentity } from '../machine.ts'
import type { Formats } from '../precision.ts'
import type { CompiledIdentity } from './cache.ts'

/** For whoever has not asked what there is, `auto` is the CPU; the choice is made before engines are started. */
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
  // A CUDA device can't keep keys and values from step to step, so there whole texts are found in one run.
  const options = device.startsWith('cuda')
    ? { ...formats, hasWholeText: true }
    : { ...formats, target: targetOf(device) }
  return { digest, alignmentHeads, options, machine: isPreparedOn(device) ? machineIdentity() : undefined }
}
