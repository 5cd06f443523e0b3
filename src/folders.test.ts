import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../test/helpers/rigs/temp-folder.ts'
import { skipped } from '../test/helpers/skip.ts'
import { makeFolder, makeFolderSync } from './folders.ts'

const ways = [
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (folder: string) => makeFolderSync(folder)],
] as const

for (const [name, make] of ways) {
  test(`${name} makes what is missing, and takes what is there`, async (t) => {
    const folder = join(tempFolder(t), 'a', 'b', 'c')
    await make(folder)
    await make(folder)
    assert.ok(existsSync(folder))
  })

  test(`${name}: many may want the same folder at once`, async (t) => {
    const folder = join(tempFolder(t), 'a', 'b', 'c')
    await Promise.all(Array.from({ length: 20 }, () => make(folder)))
    assert.ok(existsSync(folder))
  })

  test(`${name} says what stands in the way`, async (t) => {
    const file = join(tempFolder(t), 'file')
    writeFileSync(file, '')
    await assert.rejects(make(file), { code: 'EEXIST' })
    await assert.rejects(make(join(file, 'below')), { code: 'EEXIST' })
  })

  const noProc = existsSync('/proc/self') ? false : skipped('machine', 'this system has no /proc')
  test(`${name} ends where no folder can be made`, { skip: noProc }, async () => {
    await assert.rejects(make('/proc/of-ours/below'), { code: 'ENOENT' })
  })
}
