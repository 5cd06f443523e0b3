/**
 * Checkpoints of the two named models' full dimensions with random weights: what stands for the real weights where no
 * hub can be reached. They speak nonsense, in the time and the memory of the real ones.
 */

import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LayerRanks, ModelShape } from '../src/checkpoint/index.ts'
import { writeRandomCheckpoint } from '../test/helpers/checkpoint-builder.ts'

/** Of OpenAI's large-v3, which the named models come from. */
export const LARGE_V3: ModelShape = {
  nMels: 128,
  dModel: 1280,
  encoderLayers: 32,
  encoderHeads: 20,
  encoderFfnDim: 5120,
  decoderLayers: 32,
  decoderHeads: 20,
  decoderFfnDim: 5120,
  vocabSize: 51866,
  maxAudioContext: 1500,
  maxTextContext: 448,
  lowRank: [],
}

/** Chosen so that the encoder has the 429 M parameters that the paper gives for large-v3-acc; dense has 635 M. */
const RANKS: LayerRanks = { q_proj: 320, k_proj: 320, fc1: 640, fc2: 640 }

export const FULL_SIZE: Readonly<Record<string, ModelShape>> = {
  'freds0-shape': { ...LARGE_V3, decoderLayers: 2 },
  'lite_asr-shape': { ...LARGE_V3, lowRank: Array.from({ length: LARGE_V3.encoderLayers }, () => RANKS) },
}

/** Folder of a random checkpoint of `shape` in float16; written on the first call, which takes about half a minute. */
export function randomCheckpoint(name: string, shape: ModelShape, cacheDir: string): string {
  const folder = join(cacheDir, 'bench', name)
  if (existsSync(folder)) return folder
  rmSync(`${folder}.unfinished`, { recursive: true, force: true })
  writeRandomCheckpoint(`${folder}.unfinished`, shape, { dtype: 'F16' })
  renameSync(`${folder}.unfinished`, folder)
  return folder
}
