/**
 * The two named models in their full dimensions with random weights: what stands for the real weights where no hub can be
 * reached. They speak nonsense, in the time and the memory of the real ones, and lie on the disk as those do: float32, one
 * file or two with an index, all six kinds of low-rank layers and some dense ones, a copy of the embeddings.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LayerRanks, ModelShape } from '../src/checkpoint/index.ts'
import {
  hubConfig,
  randomWhisperTensors,
  writeJson,
  writeSafetensors,
  writeShardsOfSize,
} from '../test/helpers/builders/checkpoint-builder.ts'
import { standardTokenizer } from '../test/helpers/builders/tokenizer-builder.ts'
import { repositoryOf } from '../test/helpers/data/real-forms.ts'
import type { FileOnDisk } from '../test/helpers/fakes/hub-server.ts'

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

/** Multiples of 16, as published, so that the encoder has about the 429 M parameters of large-v3-acc; dense it has 635 M. */
function ranksOf(layer: number): LayerRanks {
  return {
    q_proj: 240 + 16 * (layer % 8),
    k_proj: 224 + 16 * (layer % 9),
    fc1: 592 + 16 * (layer % 7),
    fc2: 624 + 16 * (layer % 6),
    ...(layer % 4 !== 0 && { v_proj: 512 + 16 * (layer % 5) }),
    ...(layer % 3 !== 0 && { out_proj: 528 + 16 * (layer % 4) }),
  }
}

export const FULL_SIZE: Readonly<Record<string, ModelShape>> = {
  'freds0-shape': { ...LARGE_V3, decoderLayers: 2 },
  'lite_asr-shape': { ...LARGE_V3, lowRank: Array.from({ length: LARGE_V3.encoderLayers }, (_, i) => ranksOf(i)) },
}

/** Of openai/whisper-large-v3, generation_config.json; freds0's file names them too, whose decoder has not these layers. */
const HEADS = [
  [7, 0],
  [10, 17],
  [12, 18],
  [13, 12],
  [16, 1],
  [17, 14],
  [19, 11],
  [21, 4],
  [24, 1],
  [25, 6],
]
const SHARD_BYTES = 4_980_000_000
/** Raised when a folder would be written otherwise. */
const FORM = 2

/**
 * Folder of a random checkpoint of this shape; written on the first call, which takes about a minute. Unlike the repository
 * it has the tokenizer and the heads that `lite_asr` borrows, so that it can be opened by itself.
 */
export function randomCheckpoint(name: string, shape: ModelShape, cacheDir: string): string {
  const folder = join(cacheDir, 'bench', `${name}-${FORM}`)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  writeJson(join(unfinished, 'config.json'), hubConfig(shape))
  writeJson(join(unfinished, 'generation_config.json'), { is_multilingual: true, alignment_heads: HEADS })
  writeJson(join(unfinished, 'tokenizer.json'), standardTokenizer(shape.vocabSize))
  const tensors = randomWhisperTensors(shape, 1, { dtype: 'F32' })
  if (shape.lowRank.length === 0) writeSafetensors(join(unfinished, 'model.safetensors'), tensors)
  else {
    const projection = tensors['model.decoder.embed_tokens.weight']!
    writeShardsOfSize(unfinished, { ...tensors, 'proj_out.weight': projection }, SHARD_BYTES)
  }
  renameSync(unfinished, folder)
  return folder
}

/** What the hub has of both models and of the one that lends its tokenizer, with all that nobody should download. */
export async function fullSizeRepositories(
  cacheDir: string,
): Promise<Record<string, Record<string, FileOnDisk | Uint8Array | string>>> {
  const [freds0, lite] = (['freds0-shape', 'lite_asr-shape'] as const).map((name) =>
    randomCheckpoint(name, FULL_SIZE[name]!, cacheDir),
  ) as [string, string]
  const { 'tokenizer.json': tokenizer, ...liteFiles } = await repositoryOf(lite)
  const leftover = join(cacheDir, 'bench', 'leftover.bin')
  writeFileSync(leftover, '')
  truncateSync(leftover, 956_000_000)
  const unwanted = { path: leftover, sha256: 'f'.repeat(64) }
  return {
    'freds0/distil-whisper-large-v3-ptbr': { ...(await repositoryOf(freds0)), 'optimizer.bin': unwanted },
    'efficient-speech/lite-whisper-large-v3-acc': {
      ...liteFiles,
      'generation_config.json': JSON.stringify({ begin_suppress_tokens: [220, 50257], max_length: 448 }),
      'modeling_lite_whisper.py': "raise RuntimeError('this file must never be run')\n",
    },
    'openai/whisper-large-v3': {
      'config.json': JSON.stringify(hubConfig(LARGE_V3)),
      'generation_config.json': readFileSync(join(lite, 'generation_config.json')),
      'tokenizer.json': tokenizer!,
      'model.safetensors': unwanted,
    },
  }
}
