/** A model compiled with its intermediate values as outputs, so that a test can look at them. */

import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Checkpoint } from '../../src/checkpoint/index.ts'
import { WhisperTokenizer } from '../../src/decode/index.ts'
import {
  type AudioFeatures,
  type DecoderRows,
  DecoderSession,
  type OwnedAudioFeatures,
} from '../../src/runtime/index.ts'

export interface ExposedFeatures extends OwnedAudioFeatures {
  /** [M × F] */
  readonly logMel: Float32Array
  /** [S × D] */
  readonly audioFeatures: Float32Array
}

export async function openExposed(checkpoint: Checkpoint, encoderPath: string, decoderPath: string) {
  const encoder = await InferenceSession.create(encoderPath, { logSeverityLevel: 3 })
  const decoder = await DecoderSession.open(decoderPath, checkpoint.config, { device: 'cpu', threads: undefined })
  return {
    generation: checkpoint.generation,
    maxTextContext: checkpoint.config.maxTextContext,
    tokenizer: new WhisperTokenizer(checkpoint.tokenizer, checkpoint.generation),
    /** @param samples  [N], N a multiple of 320. */
    async encode(samples: Float32Array): Promise<ExposedFeatures> {
      const outputs = await encoder.run({ samples: new Tensor('float32', samples, [1, samples.length]) })
      const { log_mel, audio_features, ...tensors } = outputs
      return {
        nWindows: 1,
        audioContext: samples.length / 320,
        tensors: tensors as Record<string, Tensor>, // the encoder has no other outputs than tensors
        logMel: log_mel!.data as Float32Array,
        audioFeatures: audio_features!.data as Float32Array,
        [Symbol.dispose]: () => {},
      }
    },
    start(features: AudioFeatures, rowsPerWindow = 1): DecoderRows {
      return decoder.start(features, rowsPerWindow)
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await encoder.release()
      await decoder[Symbol.asyncDispose]()
    },
  }
}
