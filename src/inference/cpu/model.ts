/** The CPU backend: keys and values in our own memory, which the runtime reads without a copy. */

import { join } from 'node:path'
import {
  alignmentHeadsOf,
  DECODER_FILE,
  EMBEDDINGS_FILE,
  ENCODER_FILE,
  SAMPLES_PER_POSITION,
} from '../../compiler/index.ts'
import type { GraphsCheckpoint } from '../decoder-graph.ts'
import type { SessionSettings } from '../session.ts'
import { type BatchLimits, mostPositions, type StepBackend, windowsWith } from '../step-backend.ts'
import { CpuDecoder } from './decoder.ts'
import type { CpuDecoderBatch } from './decoder-batch.ts'
import { CpuEncoder } from './encoder.ts'
import { probeDecoder, probeEncoder } from './fingerprint.ts'

const LIMITS: BatchLimits = {
  // The weights are read once for all rows of a step, which is most of its time; beyond about ten the arithmetic is, and
  // only the memory of keys and values grows.
  mostRows: 10,
  mostWindows: 4,
  featureBytes: 150 * 2 ** 20,
}

export interface CpuBackend extends StepBackend<CpuDecoderBatch> {
  /** What the graphs answer to a fixed input, the same to the last bit at every load. */
  fingerprint(): Promise<string>
}

/**
 * @param folder    of graphs that were compiled for the CPU.
 * @param settings  may name a CUDA device: it runs these graphs too, with keys and values in main memory.
 */
export async function openCpuBackend(
  { config, generation }: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<CpuBackend> {
  await using opened = new AsyncDisposableStack()
  const encoder = opened.use(await CpuEncoder.open(join(folder, ENCODER_FILE), settings))
  const files = {
    graph: join(folder, DECODER_FILE),
    embeddings: join(folder, EMBEDDINGS_FILE),
    alignmentHeads: alignmentHeadsOf(config, generation.alignmentHeads),
  }
  const decoder = opened.use(await CpuDecoder.open(files, config, settings))
  const owned = opened.move()
  return {
    mostPositions: mostPositions(config, LIMITS),
    mostWindows: (rows) => windowsWith(rows, LIMITS),
    batch: (audioContext, rows) => decoder.batch(audioContext, rows, windowsWith(rows, LIMITS)),
    batchOver: (batch, slot, rows) => decoder.batchOver(batch.featuresOf(slot), batch.audioContext, rows),
    encode: async (samples, batch, slot) => {
      const padded = new Float32Array(batch.audioContext * SAMPLES_PER_POSITION)
      padded.set(samples)
      await encoder.encode(padded, batch.featuresOf(slot))
    },
    align: (batch, slot, tokens) => decoder.alignmentScores(batch.featuresOf(slot), tokens),
    fingerprint: async () => await probeDecoder(decoder, await probeEncoder(encoder, config)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
