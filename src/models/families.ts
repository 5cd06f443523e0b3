/** The families of checkpoints that we compile, and the factory that chooses one. Loads the runtime, so engines only. */

import type { CheckpointConfig } from '../checkpoint/index.ts'
import type { AsrStrategy, StrategyContext } from './base.ts'
import type { StrategyName } from './registry.ts'
import { WhisperStrategy } from './whisper.ts'

/** Distilled Whisper: the full encoder under a decoder of few layers, such as freds0's for Portuguese. */
class DistilWhisperStrategy extends WhisperStrategy {
  protected override refuses(config: CheckpointConfig): string | undefined {
    if (config.decoderLayers < config.encoderLayers) return super.refuses(config)
    return 'its decoder is as deep as its encoder, which strategy whisper loads'
  }
}

/**
 * LiteASR: a Whisper whose encoder has low-rank layers. The usual pipelines need its own Python code to load it; here
 * the compiler knows the layers, and the code that the checkpoint names is never looked at.
 *
 * @see efeslab/LiteASR — architecture and checkpoints.
 */
class LiteAsrStrategy extends WhisperStrategy {
  protected override refuses(config: CheckpointConfig): string | undefined {
    return config.lowRank.length > 0 ? undefined : 'it has no low-rank layers, so strategy whisper loads it'
  }
}

const STRATEGIES: Readonly<Record<StrategyName, new (context: StrategyContext) => AsrStrategy>> = {
  whisper: WhisperStrategy,
  distil_whisper: DistilWhisperStrategy,
  lite_asr: LiteAsrStrategy,
}

/** The strategy for `context.entry`, not loaded yet. */
export function createStrategy(context: StrategyContext): AsrStrategy {
  return new STRATEGIES[context.entry.strategy ?? 'whisper'](context)
}
