/** The tensors of a checkpoint by name, over whatever files hold them. */

import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'
import { byteLength, readFloat32, type StoredTensor } from './stored-tensor.ts'
import type { TensorSource } from './types.ts'
import type { WeightFile } from './weight-file.ts'

export class TensorTable implements TensorSource {
  readonly #tensors: ReadonlyMap<string, StoredTensor>
  readonly #files: readonly WeightFile[]

  /**
   * @param tensors  by name; a leading `model.` is dropped, since some tools write it and others do not.
   * @param files    closed by `dispose`.
   * @throws {CheckpointCorruptError} when two tensors get the same name.
   */
  constructor(tensors: Iterable<readonly [string, StoredTensor]>, files: readonly WeightFile[]) {
    const byName = new Map<string, StoredTensor>()
    for (const [name, tensor] of tensors) {
      const bare = name.replace(/^model\./, '')
      if (byName.has(bare)) throw new CheckpointCorruptError(tensor.file.name, `it has tensor '${bare}' twice`)
      byName.set(bare, tensor)
    }
    if (isCopy(byName.get('proj_out.weight'), byName.get('decoder.embed_tokens.weight'))) {
      byName.delete('proj_out.weight')
    }
    this.#tensors = byName
    this.#files = files
  }

  /** Base names of the files behind the tensors. */
  get fileNames(): readonly string[] {
    return this.#files.map((file) => file.name)
  }

  names(): Iterable<string> {
    return this.#tensors.keys()
  }

  has(name: string): boolean {
    return this.#tensors.has(name)
  }

  shape(name: string): readonly number[] {
    return this.#get(name).shape
  }

  read(name: string): Float32Array {
    return readFloat32(name, this.#get(name))
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) file[Symbol.dispose]()
  }

  #get(name: string): StoredTensor {
    const tensor = this.#tensors.get(name)
    if (tensor) return tensor
    throw new CheckpointFileMissingError(
      `tensor '${name}'`,
      'Use weights and config.json of the same repository and revision.',
    )
  }
}

const COMPARED_BYTES = 1 << 20

/**
 * True when both are stored with the same bytes. A projection that repeats the embeddings is a tied one, written out
 * by a tool that does not know of ties; keeping it would cost its memory twice.
 */
function isCopy(a: StoredTensor | undefined, b: StoredTensor | undefined): boolean {
  if (!a || !b || a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || a.scale || b.scale) return false
  const nBytes = byteLength(a)
  for (let at = 0; at < nBytes; at += COMPARED_BYTES) {
    const length = Math.min(COMPARED_BYTES, nBytes - at)
    const [bytesOfA, bytesOfB] = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)]
    a.file.read(bytesOfA, a.offset + at)
    b.file.read(bytesOfB, b.offset + at)
    if (!bytesOfA.equals(bytesOfB)) return false
  }
  return true
}
