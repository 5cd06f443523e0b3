/** A short name for the contents of a checkpoint. */

import { createHash, type Hash } from 'node:crypto'
import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readTextFile } from './json-file.ts'
import { WeightFile } from './weight-file.ts'

/** In the hub's cache a file is a link to a blob whose name is the SHA-256 of a large file, or git's id of a small one. */
const BLOB_NAME = /^([0-9a-f]{40}|[0-9a-f]{64})$/

/** Fine-tuning changes nearly every weight, so a few places tell two checkpoints of one shape apart. */
const SAMPLES = 64
const SAMPLE_BYTES = 4096

/**
 * Equal for equal contents of the small files and of the weights, as far as can be told without reading all of them:
 * weights outside the hub's cache are taken by name, size, time of change and samples of their bytes.
 *
 * @param smallFiles   base names; they enter with their text, or as absent.
 * @param weightFiles  base names.
 * @returns            40 hexadecimal digits.
 */
export async function checkpointDigest(
  folder: string,
  smallFiles: readonly string[],
  weightFiles: readonly string[],
): Promise<string> {
  const hash = createHash('sha256')
  for (const name of smallFiles) add(hash, name, (await readTextFile(folder, name)) ?? 'absent')
  for (const name of [...weightFiles].sort()) addWeights(hash, join(folder, name))
  return hash.digest('hex').slice(0, 40)
}

function addWeights(hash: Hash, path: string): void {
  const real = realpathSync(path)
  if (basename(dirname(real)) === 'blobs' && BLOB_NAME.test(basename(real))) {
    add(hash, basename(path), basename(real))
    return
  }
  const { size, mtimeNs } = statSync(real, { bigint: true })
  add(hash, basename(path), `${size} ${mtimeNs}`)
  // Some tools give every file they unpack the same time, so two checkpoints of one shape could look alike.
  using file = new WeightFile(real)
  const sample = Buffer.alloc(Math.min(SAMPLE_BYTES, file.size))
  for (let i = 0; i < SAMPLES; i++) {
    file.read(sample, Math.floor(((file.size - sample.length) * i) / (SAMPLES - 1)))
    hash.update(sample)
  }
}

/** With its length, so that no two lists of parts run into the same bytes. */
function add(hash: Hash, name: string, value: string): void {
  hash.update(JSON.stringify([name, value]))
}
