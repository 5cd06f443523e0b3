/**
 * The tokens' vectors, in a file of their own that is read row by row: of this one matrix a text needs a few rows, and
 * as a weight of the graph all of it would come to lie in memory (52 MB of Whisper base's 100).
 */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TensorSource } from '../checkpoint/index.ts'
import type { LinearFormat } from './layers.ts'

/** [V × D] row-major, float16 or float32, little-endian. */
export const EMBEDDINGS_FILE = 'embeddings.bin'

/**
 * Half precision is exact for what most checkpoints store, and far finer than the 8 bits of the layers; only beside
 * layers in float32 all digits are kept.
 */
export function writeEmbeddings(tensors: TensorSource, folder: string, format: LinearFormat): void {
  const vectors = tensors.read('decoder.embed_tokens.weight')
  const stored = format === 'float32' ? vectors : new Float16Array(vectors)
  const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
  const file = openSync(join(folder, EMBEDDINGS_FILE), 'wx')
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
