import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../test/helpers/rigs/temp-folder.ts'
import { skipped } from '../test/helpers/skip.ts'
import { claimFolderSync, makeFolder, makeFolderSync } from './folders.ts'

const noProc = existsSync('/proc/self') ? false : skipped('machine', 'this system has no /proc')

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

  test(`${name} ends where no folder can be made`, { skip: noProc }, async () => {
    await assert.rejects(make('/proc/of-ours/below'), { code: 'ENOENT' })
  })
}

const isShared = { code: 'ASR_CACHE_SHARED' }

test('a folder that is missing is made for this user to write to alone, whatever the umask', (t) => {
  const umask = process.umask(0)
  t.after(() => process.umask(umask))
  const cacheDir = join(tempFolder(t), 'cache')
  claimFolderSync(cacheDir, 'compiled')
  for (const folder of [cacheDir, join(cacheDir, 'compiled')]) {
    assert.equal(statSync(folder).mode & 0o777, 0o755)
    chmodSync(folder, 0o700)
  }
  claimFolderSync(cacheDir, 'compiled')
})

test('a folder that others may write to is refused, and one in which they could put another in its place', (t) => {
  const cacheDir = tempFolder(t)
  const compiled = join(cacheDir, 'compiled')
  claimFolderSync(cacheDir, 'compiled')
  for (const [folder, mode] of [
    [cacheDir, 0o777],
    [compiled, 0o777],
    [compiled, 0o1777],
    [compiled, 0o702],
  ] as const) {
    chmodSync(folder, mode)
    assert.throws(() => claimFolderSync(cacheDir, 'compiled'), isShared, `${folder} ${mode.toString(8)}`)
    chmodSync(folder, 0o755)
  }
  chmodSync(cacheDir, 0o1777) // there nobody can rename what is another's
  claimFolderSync(cacheDir, 'compiled')
})

const noRoot = process.getuid?.() === 0 ? false : skipped('machine', 'only root can give a folder away')

test('a folder of another user is refused, and of groups only root’s and the user’s own may write', {
  skip: noRoot,
}, (t) => {
  const cacheDir = tempFolder(t)
  const compiled = join(cacheDir, 'compiled')
  claimFolderSync(cacheDir, 'compiled')
  chownSync(compiled, 1234, 0)
  assert.throws(() => claimFolderSync(cacheDir, 'compiled'), isShared)
  chownSync(compiled, 0, 0)
  chmodSync(compiled, 0o2775)
  claimFolderSync(cacheDir, 'compiled')
  chownSync(compiled, 0, 1234)
  assert.throws(() => claimFolderSync(cacheDir, 'compiled'), isShared)
})

test('where a folder cannot be made, nothing is claimed', { skip: noProc }, () => {
  claimFolderSync('/proc/of-ours', 'below')
})
