/** The tensors of a checkpoint by name, over whatever files hold them. */

import { CheckpointCorruptError, CheckpointFileMissingError } from '../errors/index.ts'
import { readFloat32, type StoredTensor } from './stored-tensor.ts'
import type { TensorSource } from './types.ts'
import type { WeightFile } from './weight-file.ts'

export class TensorTable implements TensorSource {
  readonly #tensors: ReadonlyMap<string, StoredTensor>
  readonly #files: readonly WeightFile[]

  /**
   * @param tensors  by name, see `bareName`.
   * @param files    closed by `dispose`.
   * @throws {CheckpointCorruptError} when two tensors get the same name.
   */
  constructor(tensors: Iterable<readonly [string, StoredTensor]>, files: readonly WeightFile[]) {
    const byName = new Map<string, StoredTensor>()
    for (const [name, tensor] of tensors) {
      const bare = bareName(name)
      if (byName.has(bare)) throw new CheckpointCorruptError(tensor.file.name, `it has tensor '${bare}' twice`)
      byName.set(bare, tensor)
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

/** A tensor's name without the leading `model.`, which some tools write and others do not. */
export function bareName(name: string): string {
  return name.replace(/^model\./, '')
}
