import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ownIdentity } from '../../processes/process-identity.ts'
import { safeSuffix, TempFiles } from './temp-files.ts'

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'paradox-temp-files-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('of a file name only a plain last extension is kept', () => {
  const suffixes = {
    'nota.ogg': '.ogg',
    'a.tar.GZ': '.GZ',
    'C:\\gravações\\nota.m4a': '.m4a',
    '../../etc/nota.mp3': '.mp3',
    'folder.d/nota': '',
    '.mp3': '',
    'nota.': '',
    'nota.mp3 ': '',
    'nota.sh;rm': '',
    'nota.ção': '',
    'nota.a\0b': '',
    [`nota.${'x'.repeat(16)}`]: `.${'x'.repeat(16)}`,
    [`nota.${'x'.repeat(17)}`]: '',
  }
  for (const [name, suffix] of Object.entries(suffixes)) assert.equal(safeSuffix(name), suffix, name)
})

test('disposal deletes every file that was handed out, and the folder', async (t) => {
  const parent = await temporaryFolder(t)
  const files = new TempFiles(parent)
  await files.ensureFolder()
  const [a, b] = [files.reserve('a.wav'), files.reserve('b.wav')]
  await writeFile(a.path, 'a')
  await writeFile(b.path, 'b')
  await a[Symbol.asyncDispose]()
  assert.equal((await readdir(parent, { recursive: true })).length, 2) // the folder and b
  await files[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(parent), [])
})

test('the folder is made again after the system has cleared it away', async (t) => {
  const parent = await temporaryFolder(t)
  const files = new TempFiles(parent)
  await files.ensureFolder()
  await rm(parent, { recursive: true })
  await files.ensureFolder()
  assert.equal((await readdir(parent)).length, 1)
})

test('a link that somebody else laid under the name of the folder is not followed', async (t) => {
  const parent = await temporaryFolder(t)
  const elsewhere = join(parent, 'elsewhere')
  await mkdir(elsewhere)
  await symlink(elsewhere, join(parent, `paradox-asr-${ownIdentity()}`))
  await assert.rejects(new TempFiles(parent).ensureFolder(), /not a folder of this user/)
})
