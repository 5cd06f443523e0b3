import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempFolder } from '../test/helpers/rigs/temp-folder.ts'
import { skipped } from '../test/helpers/skip.ts'
import { ownIdentity } from './processes/process-identity.ts'
import { processFolder, sweepTemporaryFolders, temporaryFolder, temporaryFolderSync } from './temporary-folders.ts'

/** A name of this very pid with another start, as a process of an earlier boot or container has left it. */
const DEAD = `${process.pid}-1`

test('a folder bears the name of its process, and goes with all that is in it', async (t) => {
  const parent = join(tempFolder(t), 'made')
  const folder = await temporaryFolder(parent, 'stdin')
  const other = temporaryFolderSync(parent, 'warm-up')
  writeFileSync(join(folder.path, 'recording'), 'x')
  assert.ok(folder.path.startsWith(`${processFolder(parent)}-stdin-`) && other.includes(`-${ownIdentity()}-warm-up-`))
  await sweepTemporaryFolders([parent])
  assert.equal(readdirSync(parent).length, 2, 'those of a living process stay')
  await folder[Symbol.asyncDispose]()
  rmSync(other, { recursive: true })
  assert.deepEqual(readdirSync(parent), [])
})

test('what killed processes left is swept, of every kind, and nothing else', async (t) => {
  const parent = tempFolder(t)
  const child = spawn(process.execPath, [
    ...['--input-type=module', '--eval'],
    `import { temporaryFolderSync } from ${JSON.stringify(join(import.meta.dirname, 'temporary-folders.ts'))}
     for (const purpose of ['bench', 'compiled', 'formats', 'recording', 'stdin', 'trial', 'warm-up']) temporaryFolderSync(process.argv[1], purpose)
     console.log('made'); setInterval(() => {}, 1000)`,
    parent,
  ])
  await once(child.stdout, 'data')
  await sweepTemporaryFolders([parent])
  assert.equal(readdirSync(parent).length, 7)
  child.kill('SIGKILL')
  await once(child, 'exit')

  mkdirSync(join(parent, `paradox-asr-${DEAD}`))
  const others = [`paradox-asr-${DEAD}-stdin`, 'paradox-asr-notes', `my-paradox-asr-${DEAD}-stdin-abcdef`]
  for (const name of others) mkdirSync(join(parent, name))
  await sweepTemporaryFolders([parent, join(parent, 'nowhere')])
  assert.deepEqual(readdirSync(parent).sort(), others.sort())
})

test('neither links nor files nor folders of another user are swept', async (t) => {
  if (process.getuid?.() !== 0) return t.skip(skipped('machine', 'only root can make a folder of another user'))
  const parent = tempFolder(t)
  const elsewhere = join(parent, 'elsewhere')
  const [link, file, foreign] = ['aaaaaa', 'bbbbbb', 'cccccc'].map((end) => `paradox-asr-${DEAD}-stdin-${end}`)
  for (const name of ['elsewhere', foreign!]) {
    mkdirSync(join(parent, name))
    writeFileSync(join(parent, name, 'recording'), 'x')
  }
  symlinkSync(elsewhere, join(parent, link!))
  writeFileSync(join(parent, file!), 'x')
  chownSync(join(parent, foreign!), 12_345, 12_345)
  await sweepTemporaryFolders([parent])
  assert.deepEqual(readdirSync(parent).sort(), ['elsewhere', link, file, foreign].sort())
  assert.deepEqual(readdirSync(elsewhere), ['recording'])
  assert.deepEqual(readdirSync(join(parent, foreign!)), ['recording'])
})
