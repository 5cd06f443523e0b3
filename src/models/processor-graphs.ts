/** A model on the processor: keys and values in our own memory, which the runtime reads without a copy. */

import { join } from 'node:path'
import { alignmentHeadsOf, DECODER_FILE, EMBEDDINGS_FILE, ENCODER_FILE, SAMPLES_PER_POSITION } from '../graph/index.ts'
import { type DecoderLane, DecoderSession, EncoderSession, type SessionSettings } from '../runtime/index.ts'
import { probeDecoder, probeEncoder } from './fingerprint.ts'
import { type GraphsCheckpoint, type LaneLimits, type ModelGraphs, mostPositions, windowsWith } from './model-graphs.ts'

const LIMITS: LaneLimits = {
  // The weights are read once for all rows of a step, which is most of its time; beyond about ten the arithmetic is, and
  // only the memory of keys and values grows.
  mostRows: 10,
  mostWindows: 4,
  featureBytes: 150 * 2 ** 20,
}

/** @param folder  of the compiled graphs. */
export async function openProcessorGraphs(
  { config, generation }: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<ModelGraphs<DecoderLane>> {
  await using opened = new AsyncDisposableStack()
  const encoder = opened.use(await EncoderSession.open(join(folder, ENCODER_FILE), settings))
  const files = {
    graph: join(folder, DECODER_FILE),
    embeddings: join(folder, EMBEDDINGS_FILE),
    alignmentHeads: alignmentHeadsOf(config, generation.alignmentHeads),
  }
  const decoder = opened.use(await DecoderSession.open(files, config, settings))
  const owned = opened.move()
  return {
    batchModel: {
      mostPositions: mostPositions(config, LIMITS),
      lane: (audioContext, rows) => decoder.lane(audioContext, rows, windowsWith(rows, LIMITS)),
      laneOver: (lane, slot, rows) => decoder.laneOver(lane.featuresOf(slot), lane.audioContext, rows),
      encode: async (samples, lane, slot) => {
        const padded = new Float32Array(lane.audioContext * SAMPLES_PER_POSITION)
        padded.set(samples)
        await encoder.encode(padded, lane.featuresOf(slot))
      },
      align: (lane, slot, tokens) => decoder.alignmentScores(lane.featuresOf(slot), tokens),
    },
    mostWindows: (rows) => windowsWith(rows, LIMITS),
    fingerprint: async () => await probeDecoder(decoder, await probeEncoder(encoder, config)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
