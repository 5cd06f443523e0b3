/** Asks, before the service starts, whether the configured device is there. */

import { fork } from 'node:child_process'
import type { Device } from '../config.ts'
import { DeviceUnavailableError } from '../errors/index.ts'
import { runtimeEnvironment } from './environment.ts'
import { failureFromWire } from './failure.ts'
import type { WireFailure } from './protocol.ts'

/**
 * Resolves when sessions can be opened on `device`. In a process of its own: the service never loads the runtime, and a
 * GPU provider that only failed may keep memory of the device.
 *
 * @throws {DeviceUnavailableError} when the device, its driver or its provider is not there.
 */
export async function ensureDevice(device: Device): Promise<void> {
  if (device === 'auto' || device === 'cpu') return // the CPU is always there, and `auto` takes it
  const child = fork(new URL('./device-entry.ts', import.meta.url), {
    serialization: 'advanced',
    env: runtimeEnvironment(),
    stdio: 'ignore',
  })
  const answer = Promise.withResolvers<WireFailure | null>()
  child.once('message', (failure: WireFailure | null) => answer.resolve(failure)) // sent by device-entry.ts
  child.once('exit', (code, signal) => {
    answer.reject(new DeviceUnavailableError(device, `trying it ended a process by ${signal ?? `exit code ${code}`}`))
  })
  child.send(device)
  const failure = await answer.promise
  if (failure) throw failureFromWire(failure)
}
