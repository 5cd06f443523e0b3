/** The CPU backend: keys and values in our own memory, which the runtime reads without a copy. */

import { join } from 'node:path'
import { ENCODER_FILE } from '../../compiler/index.ts'
import { decoderModelIn, type GraphsCheckpoint, paddedTo } from '../decoder-graph.ts'
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
  /** Answer of the graphs to a fixed input, the same to the last bit at every load. */
  fingerprint(): Promise<string>
}

/**
 * @param folder    of graphs that were compiled for the CPU.
 * @param settings  may name a CUDA device: it runs these graphs too, with keys and values in main memory.
 */
export async function openCpuBackend(
  checkpoint: GraphsCheckpoint,
  folder: string,
  settings: SessionSettings,
): Promise<CpuBackend> {
  const { config } = checkpoint
  await using opened = new AsyncDisposableStack()
  const encoder = opened.use(await CpuEncoder.open(join(folder, ENCODER_FILE), settings))
  const decoder = opened.use(await CpuDecoder.open(decoderModelIn(folder, checkpoint), config, settings))
  const owned = opened.move()
  return {
    mostPositions: mostPositions(config, LIMITS),
    mostWindows: (rows) => windowsWith(rows, LIMITS),
    batch: (audioContext, rows) => decoder.batch(audioContext, rows, windowsWith(rows, LIMITS)),
    batchOver: (batch, slot, rows) => decoder.batchOver(batch.featuresOf(slot), batch.audioContext, rows),
    encode: async (samples, batch, slot) => {
      await encoder.encode(paddedTo(batch.audioContext, samples), batch.featuresOf(slot))
    },
    align: (batch, slot, tokens) => decoder.alignmentScores(batch.featuresOf(slot), tokens),
    fingerprint: async () => await probeDecoder(decoder, await probeEncoder(encoder, config)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
