/** Opens the files of a form as one table of tensors. */

import { join } from 'node:path'
import { CheckpointCorruptError } from '../errors/index.ts'
import { checkForeignTensors } from './foreign-forms.ts'
import type { JsonObject } from './json-file.ts'
import { readPytorch } from './pytorch.ts'
import { readSafetensors } from './safetensors.ts'
import { shardOfTensor } from './shard-index.ts'
import type { StoredTensor } from './stored-tensor.ts'
import { bareName, TensorTable } from './tensor-table.ts'
import { WeightFile } from './weight-file.ts'
import { type FileForm, PYTORCH, SAFETENSORS } from './weight-form.ts'

/** Which tensors are wanted, by their bare names; the others are as good as absent. */
export type IsNeeded = (name: string) => boolean

/**
 * The tensors of a single file. The caller disposes of the table.
 *
 * @throws {CheckpointUnsupportedError} when it holds something else than a Whisper's weights.
 * @throws {CheckpointCorruptError} when the file is truncated or contradicts itself.
 */
export function openFile(folder: string, file: string, form: FileForm, isNeeded: IsNeeded = () => true): TensorTable {
  return openFiles(folder, [file], form, (name) => isNeeded(bareName(name)))
}

/**
 * The tensors of the files that the index names. A file that holds none that are needed is not opened and may be
 * absent. The caller disposes of the table.
 *
 * @param index  contents of the form's index.
 * @throws {CheckpointFileMissingError} when a file with needed tensors is not there.
 * @throws {CheckpointUnsupportedError} as `openFile`.
 * @throws {CheckpointCorruptError} when the index or a file is damaged, or a needed tensor is not where the index says.
 */
export function openShards(folder: string, index: JsonObject, form: FileForm, isNeeded: IsNeeded): TensorTable {
  const named = shardOfTensor(index, form)
  checkForeignTensors(named.keys())
  const fileOf = new Map([...named].filter(([name]) => isNeeded(bareName(name))))
  const table = openFiles(folder, new Set(fileOf.values()), form, (name, file) => fileOf.get(name) === file.name)
  for (const name of fileOf.keys()) {
    if (table.has(bareName(name))) continue
    table[Symbol.dispose]()
    throw new CheckpointCorruptError(form.index, `no file has the tensor '${name}' that it names`)
  }
  return table
}

/** Every tensor of a file, in whatever order. */
type ReadTensors = (file: WeightFile) => Map<string, StoredTensor>

const READERS: ReadonlyMap<FileForm, ReadTensors> = new Map([
  [SAFETENSORS, readSafetensors],
  [PYTORCH, readPytorch],
])

function openFiles(
  folder: string,
  names: Iterable<string>,
  form: FileForm,
  wanted: (name: string, file: WeightFile) => boolean,
): TensorTable {
  const files: WeightFile[] = []
  try {
    const tensors: [string, StoredTensor][] = []
    for (const fileName of names) {
      const file = new WeightFile(join(folder, fileName))
      files.push(file)
      const found = READERS.get(form)!(file) // there is one for each form
      checkForeignTensors(found.keys())
      for (const [name, tensor] of found) if (wanted(name, file)) tensors.push([name, tensor])
    }
    return new TensorTable(tensors, files)
  } catch (error) {
    for (const file of files) file[Symbol.dispose]()
    throw error
  }
}
