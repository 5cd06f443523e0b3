/** Distilled Whisper: the full encoder under a decoder of few layers, such as freds0's for Portuguese. */

import type { CheckpointConfig } from '../checkpoint/index.ts'
import { WhisperStrategy } from './whisper.ts'

export class DistilWhisperStrategy extends WhisperStrategy {
  protected override refuses(config: CheckpointConfig): string | undefined {
    if (config.decoderLayers < config.encoderLayers) return super.refuses(config)
    return 'its decoder is as deep as its encoder, which strategy whisper loads'
  }
}
