import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import type { FileChoice } from './checkpoint-files.ts'
import { HubCache } from './hub-cache.ts'
import { SnapshotMemo } from './snapshot-memo.ts'

const COMMIT = 'a'.repeat(40)

test('a snapshot is looked through once, and again when a file of it or a blob comes or goes', async (t) => {
  const cache = new HubCache(tempFolder(t), 'owner/name')
  const [snapshot, blobs] = [cache.snapshotFolder(COMMIT), join(cache.folder, 'blobs')]
  for (const folder of [snapshot, blobs]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(blobs, 'blob'), 'x')
  symlinkSync('../../blobs/blob', join(snapshot, 'config.json'))
  let nLooks = 0
  const choose: FileChoice = async ({ names }) => {
    nLooks++
    if (names.length === 0) throw Object.assign(new Error('none'), { code: 'ENOENT' })
    return names
  }
  let now = Date.now()
  const memo = new SnapshotMemo(() => now)
  const look = () => memo.completeSnapshot(cache, COMMIT, choose)
  const settle = () => {
    for (const folder of [snapshot, blobs]) utimesSync(folder, new Date(now), new Date(now))
    now += 10_000
  }

  assert.deepEqual([await look(), await look(), nLooks], [snapshot, snapshot, 2]) // what is fresh is not remembered
  settle()
  assert.deepEqual([await look(), await look(), await look(), nLooks], [snapshot, snapshot, snapshot, 3])
  rmSync(join(blobs, 'blob'))
  settle()
  assert.deepEqual([await look(), await look(), nLooks], [undefined, undefined, 4])
  rmSync(snapshot, { recursive: true })
  assert.equal(await look(), undefined)
})
