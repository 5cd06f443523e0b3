import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  CompiledDamagedError,
  compiledFolder,
  publish,
  readCompiled,
  unfinishedFolder,
  writeManifest,
} from './cache.ts'

const cacheDir = mkdtempSync(join(tmpdir(), 'paradox-cache-'))
after(() => rmSync(cacheDir, { recursive: true, force: true }))

const IDENTITY = { digest: 'd1', options: {}, machine: 'here' }

function compiled(name: string): string {
  const folder = join(cacheDir, 'compiled', name)
  const unfinished = unfinishedFolder(folder)
  for (const part of ['encoder', 'decoder']) {
    writeFileSync(join(unfinished, `${part}.onnx`), `graph of the ${part}`)
    writeFileSync(join(unfinished, `${part}.weights`), Buffer.alloc(100))
  }
  writeManifest(unfinished, IDENTITY, { name: 'tiny', fingerprint: 'f' })
  publish(unfinished, folder)
  return folder
}

test('every part of the identity changes the folder', () => {
  const folders = [
    IDENTITY,
    { ...IDENTITY, digest: 'd2' },
    { ...IDENTITY, machine: 'there' },
    { ...IDENTITY, machine: undefined },
    { ...IDENTITY, options: { encoderFormat: 'blocks8' } },
    { ...IDENTITY, options: { decoderFormat: 'blocks8' } },
    { ...IDENTITY, options: { exposeIntermediates: true } },
  ] as const
  assert.equal(new Set(folders.map((identity) => compiledFolder(cacheDir, identity))).size, folders.length)
  assert.equal(compiledFolder(cacheDir, IDENTITY), compiledFolder(cacheDir, { ...IDENTITY }))
})

test('a published model is read with its manifest; there is none before', () => {
  assert.equal(readCompiled(join(cacheDir, 'compiled', 'absent')), undefined)
  const manifest = readCompiled(compiled('whole'))
  assert.deepEqual([manifest?.name, manifest?.fingerprint, manifest?.machine], ['tiny', 'f', 'here'])
  assert.equal(manifest?.files['encoder.weights']?.bytes, 100)
})

test('what is not as the manifest says is refused', () => {
  const DAMAGES: Record<string, (folder: string) => void> = {
    'weights cut off': (folder) => truncateSync(join(folder, 'encoder.weights'), 99),
    'weights missing': (folder) => rmSync(join(folder, 'decoder.weights')),
    'a graph changed': (folder) => writeFileSync(join(folder, 'encoder.onnx'), 'graph of the Encoder'),
    'a graph missing': (folder) => rmSync(join(folder, 'decoder.onnx')),
    'no manifest': (folder) => rmSync(join(folder, 'model.json')),
    'half a manifest': (folder) => truncateSync(join(folder, 'model.json'), 50),
    'an empty manifest': (folder) => writeFileSync(join(folder, 'model.json'), 'null'),
    'a name outside the folder': (folder) => rename(folder, 'encoder.weights', '../encoder.weights'),
    'a hidden name': (folder) => rename(folder, 'encoder.weights', '.encoder.weights'),
    'a pipe in place of a file': (folder) => {
      rmSync(join(folder, 'encoder.onnx'))
      execFileSync('mkfifo', [join(folder, 'encoder.onnx')]) // an open would wait for a writer for ever
    },
    'a pipe in place of the manifest': (folder) => {
      rmSync(join(folder, 'model.json'))
      execFileSync('mkfifo', [join(folder, 'model.json')])
    },
    'a link in place of a file': (folder) => {
      rmSync(join(folder, 'encoder.weights'))
      symlinkSync('/dev/zero', join(folder, 'encoder.weights'))
    },
    'a manifest without an end': (folder) => writeFileSync(join(folder, 'model.json'), ' '.repeat(100_000)),
    'a manifest without graphs': (folder) => writeFileSync(join(folder, 'model.json'), '{"files":{}}'),
  }
  for (const [name, damage] of Object.entries(DAMAGES)) {
    const folder = compiled(name)
    damage(folder)
    assert.throws(() => readCompiled(folder), CompiledDamagedError, name)
  }
})

/** In the manifest alone. */
function rename(folder: string, from: string, to: string): void {
  const path = join(folder, 'model.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace(`"${from}"`, `"${to}"`))
}

test('the slower of two compilers drops its copy, and a leftover of the same model is swept', () => {
  const folder = compiled('raced')
  mkdirSync(`${folder}.unfinished-left`)
  const slower = unfinishedFolder(folder)
  assert.equal(existsSync(`${folder}.unfinished-left`), false)
  writeFileSync(join(slower, 'half'), '')
  publish(slower, folder)
  assert.equal(readdirSync(folder).includes('half'), false)
  assert.equal(existsSync(slower), false)
})
