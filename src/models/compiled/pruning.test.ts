import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { COMPILER_VERSION } from '../../compiler/format.ts'
import { ownIdentity } from '../../processes/process-identity.ts'
import { listCompiled, markInUse, type PruneOptions, pruneCompiled } from './pruning.ts'

const cacheDir = mkdtempSync(join(tmpdir(), 'paradox-prune-'))
const root = join(cacheDir, 'compiled')
after(() => rmSync(cacheDir, { recursive: true, force: true }))
beforeEach(() => {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
})

const keyOf = (letter: string) => letter.repeat(32)

/** A folder of about 1000 bytes. */
function put(name: string, { age = 0, compiler = COMPILER_VERSION, machine = 'here' } = {}): string {
  const folder = join(root, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'encoder.weights'), Buffer.alloc(900))
  const manifest = JSON.stringify({ compiler, machine })
  writeFileSync(join(folder, 'model.json'), manifest.padEnd(100))
  const lastUsed = new Date(Date.now() - age * 1000)
  utimesSync(join(folder, 'model.json'), lastUsed, lastUsed)
  return folder
}

function prune(options: Partial<PruneOptions> = {}): Record<string, string> {
  const pruned = pruneCompiled({ cacheDir, machine: 'here', maxBytes: 1e6, ...options })
  return Object.fromEntries(pruned.map(({ key, reason }) => [key, reason]))
}

test('whole models of this version and machine stay', () => {
  put(keyOf('a'))
  put(keyOf('b'), { age: 1e6 })
  writeFileSync(join(root, 'formats.json'), '{}')
  assert.deepEqual(prune(), {})
  assert.equal(readdirSync(root).length, 3)
})

test('other versions, other machines and what was never finished go', () => {
  put(keyOf('a'), { compiler: COMPILER_VERSION - 1 })
  put(keyOf('b'), { compiler: COMPILER_VERSION + 1 })
  put(keyOf('c'), { machine: 'there' })
  put(`${keyOf('d')}.unfinished-x`)
  mkdirSync(join(root, keyOf('e'))) // from before there were manifests
  const expected = {
    [keyOf('a')]: 'other version',
    [`${keyOf('d')}.unfinished-x`]: 'unfinished',
    [keyOf('e')]: 'other version',
  }
  assert.deepEqual(prune({ machine: undefined, dryRun: true }), expected)
  assert.deepEqual(prune({ machine: undefined }), expected)
  assert.deepEqual(prune({ newerVersions: true }), { [keyOf('b')]: 'other version', [keyOf('c')]: 'other machine' })
  assert.deepEqual(readdirSync(root), [])
})

test('over the limit the least recently used go first, and no more than need be', () => {
  for (const [i, letter] of ['a', 'b', 'c', 'd'].entries()) put(keyOf(letter), { age: 10 * i })
  assert.deepEqual(prune({ maxBytes: 2100 }), {
    [keyOf('d')]: 'over the size limit',
    [keyOf('c')]: 'over the size limit',
  })
  assert.deepEqual(readdirSync(root).sort(), [keyOf('a'), keyOf('b')])
})

test('what a process uses or writes stays, whatever the limit', () => {
  markInUse(put(keyOf('a'), { age: 100 }))
  put(keyOf('b'))
  put(`${keyOf('c')}.unfinished-x`)
  mkdirSync(join(root, '.locks', keyOf('c')), { recursive: true })
  mkdirSync(join(root, '.in-use'), { recursive: true })
  writeFileSync(join(root, '.in-use', `${keyOf('b')}.${2 ** 30}-1`), '') // no process has this id
  const [pid, start] = ownIdentity().split('-')
  writeFileSync(join(root, '.in-use', `${keyOf('b')}.${pid}-${Number(start) + 1}`), '') // of another container's pid
  assert.deepEqual(prune({ maxBytes: 1, all: true }), { [keyOf('b')]: 'all' })
  assert.deepEqual(readdirSync(join(root, '.in-use')), [`${keyOf('a')}.${ownIdentity()}`])
  const [used] = listCompiled(cacheDir).filter(({ key }) => key === keyOf('a'))
  assert.ok(used!.isInUse && Date.now() - used!.lastUsed.getTime() < 10_000, 'its last use is now')
})
