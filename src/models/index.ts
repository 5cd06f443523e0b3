/** The factory: from an entry of the registry to the strategy that runs it. Loads the runtime, so engines only. */

import type { Dtype } from '../config.ts'
import { probeModel } from '../graph/index.ts'
import {
  checkDevice as checkDeviceWith,
  prepareWebGpuTrial,
  type ResolvedDevice,
  tryGenerateGraph,
} from '../inference/index.ts'
import type { AsrStrategy, StrategyContext } from './base.ts'
import { DistilWhisperStrategy } from './distil-whisper.ts'
import { LiteAsrStrategy } from './lite-asr.ts'
import { gpuFormats } from './precision.ts'
import type { StrategyName } from './registry.ts'
import { WhisperStrategy } from './whisper.ts'

const STRATEGIES: Readonly<Record<StrategyName, new (context: StrategyContext) => AsrStrategy>> = {
  whisper: WhisperStrategy,
  distil_whisper: DistilWhisperStrategy,
  lite_asr: LiteAsrStrategy,
}

/** The strategy for `context.entry`, not loaded yet. */
export function createStrategy(context: StrategyContext): AsrStrategy {
  return new STRATEGIES[context.entry.strategy ?? 'whisper'](context)
}

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
  await checkDeviceWith(device, probeModel())
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

export type { ResolvedDevice } from '../inference/index.ts'
export type { AsrStrategy, LoadingProgress, StrategyContext, StrategyTranscribeOptions } from './base.ts'
