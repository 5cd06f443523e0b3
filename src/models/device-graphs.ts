/** A model on a device: keys and values stay in its memory from run to run, only logits come back. */

import { join } from 'node:path'
import { DeviceMemoryError } from '../errors/index.ts'
import {
  alignmentHeadsOf,
  type ComputeType,
  candidatesModel,
  DECODER_FILE,
  EMBEDDINGS_FILE,
  ENCODER_FILE,
  joinModel,
  keepModel,
  pickModel,
  SAMPLES_PER_POSITION,
} from '../graph/index.ts'
import {
  DeviceDecoderSession,
  DeviceEncoderSession,
  type DeviceLane,
  isOutOfMemory,
  type SessionSettings,
} from '../runtime/index.ts'
import { type GraphsCheckpoint, type LaneLimits, type ModelGraphs, mostPositions, windowsWith } from './model-graphs.ts'

const LIMITS: LaneLimits = {
  // A step's time is that of its some hundred dispatches, for many rows nearly as for one.
  mostRows: 16,
  mostWindows: 16,
  featureBytes: 512 * 2 ** 20,
}

/**
 * @param folder  of graphs that were compiled for a device.
 * @throws {DeviceMemoryError} when the device's memory is too short.
 */
export async function openDeviceGraphs(
  checkpoint: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<ModelGraphs<DeviceLane>> {
  try {
    return await open(checkpoint, folder, settings)
  } catch (cause) {
    throw isOutOfMemory(cause) ? new DeviceMemoryError('the model', { cause }) : cause
  }
}

async function open(
  { config, generation }: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<ModelGraphs<DeviceLane>> {
  await using opened = new AsyncDisposableStack()
  const encoder = opened.use(await DeviceEncoderSession.open(join(folder, ENCODER_FILE), settings))
  const files = {
    graph: join(folder, DECODER_FILE),
    embeddings: join(folder, EMBEDDINGS_FILE),
    alignmentHeads: alignmentHeadsOf(config, generation.alignmentHeads),
    arrange: (type: ComputeType) => ({ keep: keepModel(type), join: joinModel(type), pick: pickModel(type) }),
    candidates: candidatesModel(config.vocabSize),
  }
  const decoder = opened.use(await DeviceDecoderSession.open(files, config, settings))
  const owned = opened.move()
  return {
    batchModel: {
      mostPositions: mostPositions(config, LIMITS),
      lane: (audioContext, rows) => decoder.lane(audioContext, rows, windowsWith(rows, LIMITS)),
      laneOver: (lane, slot, rows) => decoder.laneOver(lane, slot, rows),
      encode: async (samples, lane, slot) => {
        const padded = new Float32Array(lane.audioContext * SAMPLES_PER_POSITION)
        padded.set(samples)
        lane.putFeatures(slot, await encoder.encode(padded))
      },
      align: (lane, slot, tokens) => lane.withFeatures(slot, (features) => decoder.alignmentScores(features, tokens)),
    },
    mostWindows: (rows) => windowsWith(rows, LIMITS),
    fingerprint: undefined,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
