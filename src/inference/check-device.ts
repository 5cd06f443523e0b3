/** Whether a device is there. */

import { DeviceUnavailableError } from '../errors/index.ts'
import { cudaSigns, missingForCuda, missingForWebGpu } from './missing-device.ts'
import { GraphSession, type ResolvedDevice } from './session.ts'

/**
 * Opens a given small model on `device` and throws it away.
 *
 * @throws {DeviceUnavailableError} when the provider, its libraries or the device itself is not there.
 */
export async function checkDevice(device: ResolvedDevice, model: Uint8Array): Promise<void> {
  try {
    await using _ = await GraphSession.open(model, { device, threads: 1 })
  } catch (cause) {
    throw new DeviceUnavailableError(device, whyUnusable(device, cause), { cause })
  }
}

/** A half sentence about what a session of `device` has failed for, as far as the runtime and the system tell. */
export function whyUnusable(device: ResolvedDevice, cause: unknown): string {
  const words = String(cause)
  return device === 'webgpu' ? missingForWebGpu(words, process.platform) : missingForCuda(words, cudaSigns())
}
