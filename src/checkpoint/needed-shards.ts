/** Which files of a sharded checkpoint are worth having; free of anything that opens them. */

import { checkForeignTensors } from './foreign-forms.ts'
import type { JsonObject } from './json-file.ts'
import { parseConfig } from './model-shape.ts'
import { shardOfTensor } from './shard-index.ts'
import { bareName } from './tensor-table.ts'
import { type FileForm, SAFETENSORS } from './weight-form.ts'
import { whisperTensors } from './whisper-tensors.ts'

/**
 * Files that hold at least one tensor which a model of this config needs. Of some published models a whole file is a copy
 * of the embeddings.
 *
 * @param config  contents of `config.json`.
 * @param index   contents of the form's index.
 * @returns       base names in alphabetical order.
 * @throws {CheckpointCorruptError | CheckpointUnsupportedError} when one of them is damaged or describes no Whisper.
 */
export function neededShards(config: JsonObject, index: JsonObject, form: FileForm = SAFETENSORS): string[] {
  const needed = new Set(Array.from(whisperTensors(parseConfig(config)), ({ name }) => name))
  const shardOf = shardOfTensor(index, form)
  checkForeignTensors(shardOf.keys())
  const shards = [...shardOf].filter(([name]) => needed.has(bareName(name))).map(([, shard]) => shard)
  return [...new Set(shards)].sort()
}
