/** Asks whether a device is there and computes rightly, in a process of its own. */

import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { abortable } from '../async/abortable.ts'
import type { Device, Dtype } from '../config.ts'
import { DeviceUnavailableError, failureFromWire, type WireFailure } from '../errors/index.ts'
import { ForkedProcess, ProcessEndedError } from '../processes/forked-process.ts'
import { temporaryFolderSync } from '../temporary-folders.ts'
import { runtimeEnvironment } from './runtime-environment.ts'

/**
 * The first use of a GPU reads a gigabyte of CUDA's libraries, and its driver may compile kernels; on software Vulkan a
 * trial takes 15 s. A driver that hangs never ends; one that does not even compute meanwhile is not waited for so long.
 */
const TRIAL_LIMIT_MS = 120_000

export interface UsableDevice {
  /** The CPU computes, by a software driver. */
  readonly isSoftware: boolean
  /** It computes in float16 too, as every GPU with CUDA does. */
  readonly hasHalves: boolean
}

/** The question to the process. */
export interface DeviceQuestion {
  readonly device: Exclude<Device, 'auto'>
  readonly dtype: Dtype
  /** For files of the trial; the asker deletes it. */
  readonly folder: string
}

/** The answer of the process. */
export type DeviceAnswer =
  | ({ readonly type: 'usable' } & UsableDevice)
  | { readonly type: 'failed'; readonly failure: WireFailure }

export interface TrialOptions {
  /** Precision of the models that will run. */
  readonly dtype?: Dtype
  /** In addition to this process's own. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Its abort ends a trial that has not ended by itself. */
  readonly limit?: AbortSignal | undefined
}

/**
 * Resolves when sessions can be opened on `device` and compute what the CPU computes. The service never loads the
 * runtime, and a GPU provider that only failed may keep memory of the device. The process has ended when this settles, unless
 * a driver keeps it from that.
 *
 * @throws {DeviceUnavailableError} when the device, its driver or its provider is not there, it computes wrongly, or the
 *   process dies or does not end.
 */
export async function checkDevice(
  device: DeviceQuestion['device'],
  { dtype = 'auto', environment = {}, limit = AbortSignal.timeout(TRIAL_LIMIT_MS) }: TrialOptions = {},
): Promise<UsableDevice> {
  const folder = newFolder(device)
  const child = new ForkedProcess<DeviceQuestion, DeviceAnswer>(new URL('./device-entry.ts', import.meta.url), {
    env: runtimeEnvironment(undefined, environment),
    stderr: 'ignore',
  })
  try {
    const answer = await abortable(
      child.ask({ device, dtype, folder }, (message) => message),
      limit,
    )
    if (answer.type === 'failed') throw failureFromWire(answer.failure)
    return answer
  } catch (error) {
    if (limit.aborted)
      throw new DeviceUnavailableError(device, 'trying it did not come to an end, so its driver may hang')
    if (!(error instanceof ProcessEndedError)) throw error
    const { how, hasStarted } = error.end
    throw new DeviceUnavailableError(
      device,
      hasStarted ? `trying it ended a process by ${how}` : `no process could be started to try it: ${how}`,
    )
  } finally {
    // It has nothing more to do, and what it has of the device is given back at once, also where its driver would hang.
    child.kill()
    await child.ended
    // A process that is being killed may write for another moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function newFolder(device: DeviceQuestion['device']): string {
  try {
    return temporaryFolderSync(tmpdir(), 'trial')
  } catch (cause) {
    const reason = "the system's temporary folder, which TMPDIR names, cannot be written, and trying it needs that"
    throw new DeviceUnavailableError(device, reason, { cause })
  }
}
