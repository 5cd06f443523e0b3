/** Asks whether a device is there and computes rightly, in a process of its own. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Device, Dtype } from '../config.ts'
import { DeviceUnavailableError, failureFromWire, type WireFailure } from '../errors/index.ts'
import { runtimeEnvironment } from './runtime-environment.ts'

/**
 * The first use of a GPU reads a gigabyte of CUDA's libraries, and its driver may compile kernels; on software Vulkan a
 * trial takes 15 s. A driver that hangs never ends.
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
 * Resolves when sessions can be opened on `device` and compute what the processor computes. The service never loads the
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
  const child = fork(new URL('./device-entry.ts', import.meta.url), {
    serialization: 'advanced',
    env: runtimeEnvironment(undefined, environment),
    stdio: 'ignore',
  })
  const exited = once(child, 'exit').catch(() => {}) // one that could not be started
  const outOfTime = limit.aborted ? Promise.resolve() : once(limit, 'abort')
  const answer = Promise.withResolvers<DeviceAnswer>()
  const fail = (reason: string) => answer.reject(new DeviceUnavailableError(device, reason))
  child.once('message', (message: DeviceAnswer) => answer.resolve(message)) // sent by device-entry.ts
  child.once('exit', (code, signal) => fail(`trying it ended a process by ${signal ?? `exit code ${code}`}`))
  child.on('error', (error) => fail(`no process could be started to try it: ${error.message}`))
  void outOfTime.then(() => fail('trying it did not come to an end, so its driver may hang'))
  try {
    child.send({ device, dtype, folder } satisfies DeviceQuestion)
    const answered = await answer.promise
    if (answered.type === 'failed') throw failureFromWire(answered.failure)
    return answered
  } finally {
    // It has nothing more to do, and what it has of the device is given back at once, also where its driver would hang.
    child.kill('SIGKILL')
    await Promise.race([exited, outOfTime])
    // One that waits for a driver cannot be killed, and must not keep us.
    if (child.connected) child.disconnect()
    child.unref()
    // A process that is being killed may write for another moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function newFolder(device: DeviceQuestion['device']): string {
  try {
    return mkdtempSync(join(tmpdir(), 'paradox-asr-trial-'))
  } catch (cause) {
    const reason = "the system's temporary folder, which TMPDIR names, cannot be written, and trying it needs that"
    throw new DeviceUnavailableError(device, reason, { cause })
  }
}
