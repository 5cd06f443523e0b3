/** Asks whether a device is there and computes rightly, in a process of its own. */

import { fork } from 'node:child_process'
import type { Device } from '../config.ts'
import { DeviceUnavailableError } from '../errors/index.ts'
import { runtimeEnvironment } from './environment.ts'
import { failureFromWire } from './failure.ts'
import type { WireFailure } from './protocol.ts'

export interface UsableDevice {
  /** A processor that plays a GPU. */
  readonly isSoftware: boolean
  /** It computes in float16 too. */
  readonly hasHalves: boolean
}

/** What the process answers. */
export type DeviceAnswer =
  | ({ readonly type: 'usable' } & UsableDevice)
  | { readonly type: 'failed'; readonly failure: WireFailure }

/**
 * Resolves when sessions can be opened on `device` and compute what the processor computes. The service never loads the
 * runtime, and a GPU provider that only failed may keep memory of the device.
 *
 * @param environment  in addition to this process's own.
 * @throws {DeviceUnavailableError} when the device, its driver or its provider is not there, or it computes wrongly.
 */
export async function checkDevice(
  device: Exclude<Device, 'auto'>,
  environment: Readonly<Record<string, string>> = {},
): Promise<UsableDevice> {
  const child = fork(new URL('./device-entry.ts', import.meta.url), {
    serialization: 'advanced',
    env: runtimeEnvironment(undefined, environment),
    stdio: 'ignore',
  })
  const answer = Promise.withResolvers<DeviceAnswer>()
  child.once('message', (message: DeviceAnswer) => answer.resolve(message)) // sent by device-entry.ts
  child.once('exit', (code, signal) => {
    answer.reject(new DeviceUnavailableError(device, `trying it ended a process by ${signal ?? `exit code ${code}`}`))
  })
  child.send(device)
  const answered = await answer.promise
  if (answered.type === 'failed') throw failureFromWire(answered.failure)
  return answered
}
