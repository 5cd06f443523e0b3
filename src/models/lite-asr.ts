/**
 * LiteASR: a Whisper whose encoder has low-rank layers. The usual pipelines need its own Python code to load it; here
 * the compiler knows the layers, and the code that the checkpoint names is never looked at.
 *
 * @see efeslab/LiteASR — architecture and checkpoints.
 */

import type { CheckpointConfig } from '../checkpoint/index.ts'
import { WhisperStrategy } from './whisper.ts'

export class LiteAsrStrategy extends WhisperStrategy {
  protected override refuses(config: CheckpointConfig): string | undefined {
    return config.lowRank.length > 0 ? undefined : 'it has no low-rank layers, so strategy whisper loads it'
  }
}
