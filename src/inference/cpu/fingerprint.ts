/**
 * What a model answers to a fixed input, as a few digits. Graphs that were saved for another CPU or weights that changed
 * on the disk change the answer, and this shows before a caller gets a wrong text. The probe runs through every layer, so
 * it reads nearly all weights (not: the embeddings of other tokens), which the first request would read anyway: 0.02 s
 * for Whisper base, 0.3 s for a distil-large-v3.
 *
 * The same number of threads or another, the runtime's answers are equal to the last bit.
 */

import { createHash } from 'node:crypto'
import { SAMPLES_PER_POSITION } from '../../compiler/index.ts'
import type { AudioFeatures, DecoderShape } from '../decoder-graph.ts'
import type { CpuDecoder } from './decoder.ts'
import { type CpuEncoder, newFeatures } from './encoder.ts'

const POSITIONS = 4

/** A rising tone: every mel band hears some of it. */
function samples(): Float32Array {
  return Float32Array.from({ length: POSITIONS * SAMPLES_PER_POSITION }, (_, i) => 0.3 * Math.sin(i * i * 1e-3))
}

export async function probeEncoder(encoder: CpuEncoder, shape: DecoderShape): Promise<AudioFeatures> {
  const features = newFeatures(shape, POSITIONS)
  await encoder.encode(samples(), features)
  return features
}

/** @param features  what `probeEncoder` gave. */
export async function probeDecoder(decoder: CpuDecoder, features: AudioFeatures): Promise<string> {
  using batch = decoder.batchOver(features, POSITIONS, 1)
  // Any tokens; several, since attention to a single one does not depend on queries and keys.
  const logits = await batch.prompt(0, [0, 1, 2], [2])
  const bytes = new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength)
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}
