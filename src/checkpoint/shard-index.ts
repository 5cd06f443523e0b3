/** The index of a checkpoint whose weights lie in several files. */

import { CheckpointCorruptError } from '../errors/index.ts'
import { isJsonObject, type JsonObject } from './json-file.ts'
import { type FileForm, SAFETENSORS } from './weight-form.ts'

/** A large Whisper has 2,000. */
export const MAX_TENSORS = 20_000

/**
 * The file of each tensor that the index names.
 *
 * @param index  contents of the form's index.
 * @throws {CheckpointCorruptError} when it is not of its form or leads out of its folder.
 */
export function shardOfTensor(index: JsonObject, form: FileForm = SAFETENSORS): ReadonlyMap<string, string> {
  const corrupt = (reason: string) => new CheckpointCorruptError(form.index, reason)
  if (!isJsonObject(index.weight_map)) throw corrupt('weight_map: it is no object')
  const shards = Object.entries(index.weight_map)
  if (shards.length > MAX_TENSORS) throw corrupt(`it names ${shards.length} tensors`)
  for (const [name, shard] of shards) {
    if (typeof shard !== 'string' || !form.fileName.test(shard))
      throw corrupt(`weight_map.${name}: it is no name of a file`)
  }
  return new Map(shards as [string, string][]) // each was checked just above
}
