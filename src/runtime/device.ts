/** Which device runs a session, and whether it is there. */

import { availableParallelism } from 'node:os'
import { InferenceSession } from 'onnxruntime-node'
import type { Device } from '../config.ts'
import { DeviceUnavailableError } from '../errors.ts'

/** A device that sessions can be opened on; `auto` has been decided. */
export type ResolvedDevice = Exclude<Device, 'auto'>

/** `auto` takes the CPU: no GPU path has been measured yet, and a wrong guess would cost more than it wins. */
export function resolveDevice(device: Device): ResolvedDevice {
  return device === 'auto' ? 'cpu' : device
}

/**
 * Opens a given small model on `device` and throws it away.
 *
 * @throws {DeviceUnavailableError} when the provider, its libraries or the device itself is not there.
 */
export async function checkDevice(device: ResolvedDevice, model: Uint8Array): Promise<void> {
  try {
    const session = await InferenceSession.create(model, sessionOptions({ device, threads: 1 }))
    await session.release()
  } catch (cause) {
    throw new DeviceUnavailableError(device, 'its provider or driver is not installed on this machine', { cause })
  }
}

export interface SessionSettings {
  readonly device: ResolvedDevice
  /** Threads within one operator; undefined takes every core that this process may use. */
  readonly threads: number | undefined
}

export function sessionOptions(settings: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [executionProvider(settings.device)],
    intraOpNumThreads: settings.threads ?? availableParallelism(),
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // Memory patterns are planned per input shape; windows and prompts differ in length, so plans would only pile up.
    enableMemPattern: false,
    logSeverityLevel: 3,
  }
}

function executionProvider(device: ResolvedDevice): InferenceSession.ExecutionProviderConfig {
  if (device === 'cpu' || device === 'webgpu') return device
  return { name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }
}
