/** Whether models run on a device: a small one is run there, in the way of real ones, and its numbers compared. */

import { probeModel } from '../compiler/index.ts'
import type { Dtype } from '../config.ts'
import {
  checkDevice as opensOn,
  prepareWebGpuTrial,
  type ResolvedDevice,
  tryGenerateGraph,
} from '../inference/index.ts'
import { gpuFormats } from './precision/precision.ts'

export interface DeviceTrialOptions {
  /** What models will be computed in. */
  readonly dtype: Dtype
  /** For files of the trial. */
  readonly folder: string
}

/**
 * Has a small model computed on `device` in the way of real ones: by the generate graph on CUDA, by steps on WebGPU.
 *
 * @returns whether it also computes in half precision, as not every adapter of WebGPU does.
 * @throws {DeviceUnavailableError} when no session can be opened on `device`, or it computes something else.
 */
export async function checkDevice(
  device: ResolvedDevice,
  { dtype, folder }: DeviceTrialOptions,
): Promise<{ readonly hasHalves: boolean }> {
  if (device === 'cpu') return { hasHalves: false }
  await opensOn(device, probeModel())
  if (device !== 'webgpu') {
    await tryGenerateGraph(device, gpuFormats(dtype, device), folder)
    return { hasHalves: true }
  }
  const tryModelOn = await prepareWebGpuTrial(folder)
  await tryModelOn(device, 'float32')
  const hasHalves = await tryModelOn(device, 'float16').then(
    () => true,
    () => false,
  )
  return { hasHalves }
}
