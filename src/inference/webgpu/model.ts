/** The WebGPU backend: keys and values stay in the GPU's memory from run to run, only logits come back. */

import { join } from 'node:path'
import {
  type ComputeType,
  candidatesModel,
  ENCODER_FILE,
  joinModel,
  keepModel,
  pickModel,
} from '../../compiler/index.ts'
import { DeviceMemoryError } from '../../errors/index.ts'
import { decoderModelIn, type GraphsCheckpoint, paddedTo } from '../decoder-graph.ts'
import { isOutOfMemory, type SessionSettings } from '../session.ts'
import { type BatchLimits, mostPositions, type StepBackend, windowsWith } from '../step-backend.ts'
import type { GpuDecoderBatch } from './decoder-batch.ts'
import { GpuDecoder, GpuEncoder } from './sessions.ts'

const LIMITS: BatchLimits = {
  // A step's time is that of its some hundred dispatches, for many rows nearly as for one.
  mostRows: 16,
  mostWindows: 16,
  featureBytes: 512 * 2 ** 20,
}

/**
 * @param folder  of graphs that were compiled for WebGPU.
 * @throws {DeviceMemoryError} when the GPU's memory is too short.
 */
export async function openWebGpuBackend(
  checkpoint: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<StepBackend<GpuDecoderBatch>> {
  try {
    return await open(checkpoint, folder, settings)
  } catch (cause) {
    throw isOutOfMemory(cause) ? new DeviceMemoryError('the model', { cause }) : cause
  }
}

async function open(
  checkpoint: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<StepBackend<GpuDecoderBatch>> {
  const { config } = checkpoint
  await using opened = new AsyncDisposableStack()
  const encoder = opened.use(await GpuEncoder.open(join(folder, ENCODER_FILE), settings))
  const files = {
    ...decoderModelIn(folder, checkpoint),
    arrange: (type: ComputeType) => ({ keep: keepModel(type), join: joinModel(type), pick: pickModel(type) }),
    candidates: candidatesModel(config.vocabSize),
  }
  const decoder = opened.use(await GpuDecoder.open(files, config, settings))
  const owned = opened.move()
  return {
    mostPositions: mostPositions(config, LIMITS),
    mostWindows: (rows) => windowsWith(rows, LIMITS),
    batch: (audioContext, rows) => decoder.batch(audioContext, rows, windowsWith(rows, LIMITS)),
    batchOver: (batch, slot, rows) => decoder.batchOver(batch, slot, rows),
    encode: async (samples, batch, slot) => {
      batch.putFeatures(slot, await encoder.encode(paddedTo(batch.audioContext, samples)))
    },
    align: (batch, slot, tokens) => batch.withFeatures(slot, (features) => decoder.alignmentScores(features, tokens)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
