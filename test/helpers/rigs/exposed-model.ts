/** A model compiled with its intermediate values as outputs, so that a test can look at them. */

import { dirname, join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Checkpoint } from '../../../src/checkpoint/index.ts'
import { alignmentHeadsOf, EMBEDDINGS_FILE } from '../../../src/compiler/index.ts'
import type { CpuDecoderBatch } from '../../../src/inference/cpu/decoder-batch.ts'
import { type AudioFeatures, CpuDecoder, type SessionSettings } from '../../../src/inference/index.ts'
import { type StepDecoder, WhisperTokenizer } from '../../../src/whisper/index.ts'

export interface ExposedFeatures {
  readonly audioContext: number
  readonly features: AudioFeatures
  /** [M × F] */
  readonly logMel: Float32Array
  /** [S × D] */
  readonly audioFeatures: Float32Array
}

export async function openExposed(checkpoint: Checkpoint, encoderPath: string, decoderPath: string) {
  const { config, generation } = checkpoint
  const settings = { device: 'cpu', threads: undefined } as const
  const encoder = await InferenceSession.create(encoderPath, { logSeverityLevel: 3 })
  const decoder = await openDecoder(checkpoint, decoderPath, settings)
  return {
    generation,
    maxTextContext: config.maxTextContext,
    vocabSize: config.vocabSize,
    tokenizer: new WhisperTokenizer(checkpoint.tokenizer, generation),
    decoder,
    /** @param samples  [N], N a multiple of 320. */
    async encode(samples: Float32Array): Promise<ExposedFeatures> {
      const outputs = await encoder.run({ samples: new Tensor('float32', samples, [1, samples.length]) })
      const { log_mel, audio_features, ...features } = outputs
      return {
        audioContext: samples.length / 320,
        features: features as Record<string, Tensor>, // the encoder has no other outputs than tensors
        logMel: log_mel!.data as Float32Array,
        audioFeatures: audio_features!.data as Float32Array,
      }
    },
    /** A batch with one window. */
    start({ features, audioContext }: ExposedFeatures, nRows = 1): CpuDecoderBatch {
      return decoder.batchOver(features, audioContext, nRows)
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await encoder.release()
      await decoder[Symbol.asyncDispose]()
    },
  }
}

/** The decoder of a compiled folder. */
export async function openDecoder(
  { config, generation }: Pick<Checkpoint, 'config' | 'generation'>,
  graph: string,
  settings: SessionSettings,
): Promise<CpuDecoder> {
  const alignmentHeads = alignmentHeadsOf(config, generation.alignmentHeads)
  return await CpuDecoder.open(
    { graph, embeddings: join(dirname(graph), EMBEDDINGS_FILE), alignmentHeads },
    config,
    settings,
  )
}

/** The only window of a batch, as decoding sees it; every step gives its logits. */
export function textOf(batch: CpuDecoderBatch): StepDecoder {
  const logitBias = new Float32Array(batch.vocabSize)
  return {
    nRows: batch.rowsPerWindow,
    get length() {
      return batch.lengthOf(0)
    },
    prompt: (tokens, logitsAt) => batch.prompt(0, tokens, logitsAt),
    async step(tokens, parents) {
      if (parents) batch.branch(0, parents)
      const output = await batch.step([{ slot: 0, tokens, logitBias }], batch.rowsPerWindow + 1, true)
      return { tokens: output.bestTokens, logprobs: output.bestLogprobs, logits: output.logits }
    },
  }
}
