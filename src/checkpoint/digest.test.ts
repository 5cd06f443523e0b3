import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { checkpointDigest } from './digest.ts'

const WEIGHTS = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, i) => i))
const THEN = new Date('2024-01-01')

/** A folder whose weights have a fixed time, as archives unpack them. */
function folderWith(t: TestContext, weights = WEIGHTS, config = '{}', time = THEN): string {
  const folder = tempFolder(t)
  writeFileSync(join(folder, 'config.json'), config)
  writeFileSync(join(folder, 'model.bin'), weights)
  utimesSync(join(folder, 'model.bin'), time, time)
  return folder
}

function digestOf(folder: string): Promise<string> {
  return checkpointDigest(folder, ['config.json', 'generation_config.json'], ['model.bin'])
}

test('copies of a checkpoint have the same digest wherever they lie', async (t) => {
  const digest = await digestOf(folderWith(t))
  assert.match(digest, /^[0-9a-f]{40}$/)
  assert.equal(await digestOf(folderWith(t)), digest)
})

test('another config, time, size or content of the weights changes the digest', async (t) => {
  const other = Buffer.from(WEIGHTS.map((byte) => byte ^ 1))
  const folders = [
    folderWith(t),
    folderWith(t, WEIGHTS, '{ }'),
    folderWith(t, WEIGHTS, '{}', new Date('2024-01-02')),
    folderWith(t, WEIGHTS.subarray(1)),
    folderWith(t, other),
  ]
  const digests = await Promise.all(folders.map(digestOf))
  assert.equal(new Set(digests).size, folders.length)
})

test('a file that appears later changes the digest', async (t) => {
  const folder = folderWith(t)
  const before = await digestOf(folder)
  writeFileSync(join(folder, 'generation_config.json'), '{}')
  assert.notEqual(await digestOf(folder), before)
})

test("a link into the hub's cache is known by the name of its blob, not by its time", async (t) => {
  const folder = tempFolder(t)
  mkdirSync(join(folder, 'blobs'))
  mkdirSync(join(folder, 'snapshot'))
  writeFileSync(join(folder, 'snapshot/config.json'), '{}')
  const blob = join(folder, 'blobs', 'a'.repeat(64))
  writeFileSync(blob, WEIGHTS)
  symlinkSync(blob, join(folder, 'snapshot/model.bin'))
  const before = await digestOf(join(folder, 'snapshot'))
  utimesSync(blob, new Date(), new Date())
  assert.equal(await digestOf(join(folder, 'snapshot')), before)
  assert.deepEqual(readFileSync(join(folder, 'snapshot/model.bin')), WEIGHTS)
})

test('an empty file of weights does not stop it', async (t) => {
  assert.match(await digestOf(folderWith(t, Buffer.alloc(0))), /^[0-9a-f]{40}$/)
})
