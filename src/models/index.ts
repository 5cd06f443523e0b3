/** The factory: from an entry of the registry to the strategy that runs it. Loads the runtime, so engines only. */

import { probeModel } from '../graph/index.ts'
import { checkDevice as checkDeviceWith, type ResolvedDevice } from '../runtime/index.ts'
import type { AsrStrategy, StrategyContext } from './base.ts'
import { prepareTrial } from './device-trial.ts'
import { DistilWhisperStrategy } from './distil-whisper.ts'
import { targetOf } from './graph-target.ts'
import { LiteAsrStrategy } from './lite-asr.ts'
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

/**
 * @returns whether it also computes in half precision, as not every adapter of WebGPU does.
 * @throws {DeviceUnavailableError} when no session can be opened on `device`, or it computes something else.
 */
export async function checkDevice(device: ResolvedDevice): Promise<{ readonly hasHalves: boolean }> {
  await checkDeviceWith(device, probeModel())
  if (targetOf(device) !== 'device') return { hasHalves: device !== 'cpu' }
  const tryModelOn = await prepareTrial()
  await tryModelOn(device, 'float32')
  const hasHalves = await tryModelOn(device, 'float16').then(
    () => true,
    () => false,
  )
  return { hasHalves }
}

export type { ResolvedDevice } from '../runtime/index.ts'
export type { AsrStrategy, LoadingProgress, StrategyContext, StrategyTranscribeOptions } from './base.ts'
