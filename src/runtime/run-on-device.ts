/** Runs that may meet a device which is out of memory, or is no longer there. */

import type { InferenceSession } from 'onnxruntime-node'
import { DeviceFailedError } from '../errors/index.ts'

/** @throws {DeviceFailedError} whatever goes wrong: what the device is left in, nobody knows. */
export async function runOnDevice(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run(feeds)
  } catch (cause) {
    // A buffer for which there was no memory shows when it is first used.
    const isMemory = /out.of.memory|OUT_OF_(DEVICE|HOST)_MEMORY|Invalid Buffer/i.test(String(cause))
    throw new DeviceFailedError(isMemory ? 'it has no memory left' : 'it computes no more', { cause })
  }
}
