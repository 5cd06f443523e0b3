/** Runs that may meet a device which is out of memory, or is no longer there. */

import type { InferenceSession } from 'onnxruntime-node'
import { DeviceFailedError } from '../errors/index.ts'
import { isOutOfMemory, type ResolvedDevice } from './device.ts'

type Outputs = Promise<InferenceSession.ReturnType>

/** @throws {DeviceFailedError} whatever goes wrong: what the device is left in, nobody knows. */
export async function runOnDevice(session: InferenceSession, feeds: InferenceSession.FeedsType): Outputs {
  return await onDevice(() => session.run(feeds))
}

/** Runs a session for some of its outputs. */
export type Run = (feeds: InferenceSession.FeedsType, fetches: InferenceSession.FetchesType) => Outputs

/** How a session of `device` is run; a processor does not fail, so its errors stay what they are. */
export function runnerFor(session: InferenceSession, device: ResolvedDevice): Run {
  const run: Run = (feeds, fetches) => session.run(feeds, fetches)
  return device === 'cpu' ? run : (feeds, fetches) => onDevice(() => run(feeds, fetches))
}

async function onDevice<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new DeviceFailedError(isOutOfMemory(cause) ? 'it has no memory left' : 'it computes no more', { cause })
  }
}
