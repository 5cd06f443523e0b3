import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCheckpoint } from '../../src/checkpoint/index.ts'
import { tinyShape, writeRandomCheckpoint } from '../../test/helpers/builders/checkpoint-builder.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { writeHuggingFaceFolder } from './hugging-face-folder.ts'

test('a checkpoint that was written for the peers reads as the one it came from', async (t) => {
  const folder = tempFolder(t)
  writeRandomCheckpoint(join(folder, 'from'), tinyShape())
  using from = await openCheckpoint(join(folder, 'from'))
  writeHuggingFaceFolder(join(folder, 'to'), from, 'F32')
  using to = await openCheckpoint(join(folder, 'to'))

  assert.deepEqual(to.config, from.config)
  assert.deepEqual(to.generation, from.generation)
  assert.deepEqual([...to.tensors.names()], [...from.tensors.names()])
  for (const name of from.tensors.names()) assert.deepEqual(to.tensors.read(name), from.tensors.read(name))
})
