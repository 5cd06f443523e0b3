import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLogger } from '../../logger.ts'
import { chooseFormats, eligibleFormats, type FormatOptions, fastest, namedFormats } from './precision.ts'
import { measuredFormats } from './precision-measurement.ts'

const root = mkdtempSync(join(tmpdir(), 'paradox-precision-'))
after(() => rmSync(root, { recursive: true, force: true }))

const OPTIONS: Omit<FormatOptions, 'dtype'> = {
  session: { device: 'cpu', threads: 1 },
  width: 64,
  cacheDir: join(root, 'choice'),
  logger: silentLogger,
}

test('what DTYPE names is taken, without measuring', async () => {
  const noCache = { ...OPTIONS, cacheDir: '/nowhere' }
  assert.deepEqual(await chooseFormats({ ...noCache, dtype: 'float32' }), {
    encoderFormat: 'float32',
    decoderFormat: 'float32',
  })
  assert.deepEqual(await chooseFormats({ ...noCache, dtype: 'int8' }), {
    encoderFormat: 'smoothed8',
    decoderFormat: 'blocks8',
  })
  assert.deepEqual(await chooseFormats({ ...noCache, dtype: 'decoder=float32,encoder=blocks8' }), {
    encoderFormat: 'blocks8',
    decoderFormat: 'float32',
  })
  assert.deepEqual(namedFormats('encoder=float32'), { encoder: 'float32' })
})

test('a part that DTYPE does not name is chosen by itself', async () => {
  const { encoderFormat, decoderFormat } = await chooseFormats({ ...OPTIONS, dtype: 'encoder=blocks8' })
  assert.equal(encoderFormat, 'blocks8')
  assert.match(decoderFormat, /^(blocks8|float32)$/)
})

test('a CUDA device computes in half precision unless it is told otherwise, a CPU never', async () => {
  const session = { device: 'cuda:0', threads: 1 } as const
  const half = { encoderFormat: 'float16', decoderFormat: 'float16' }
  assert.deepEqual(await chooseFormats({ ...OPTIONS, session, dtype: 'auto' }), half)
  assert.deepEqual(await chooseFormats({ ...OPTIONS, session, dtype: 'float16' }), half)
  const mixed = await chooseFormats({ ...OPTIONS, session, dtype: 'decoder=float32' })
  assert.deepEqual(mixed, { encoderFormat: 'float16', decoderFormat: 'float32' })
  await assert.rejects(chooseFormats({ ...OPTIONS, dtype: 'float16' }), { code: 'ASR_CONFIG_INVALID' })
})

test('devices on which no format has been measured compute in float32', async () => {
  const session = { device: 'webgpu', threads: 1 } as const
  assert.deepEqual(await chooseFormats({ ...OPTIONS, session, dtype: 'auto' }), {
    encoderFormat: 'float32',
    decoderFormat: 'float32',
  })
})

test('8-bit products are not risked where they overflow, and the preferred format gives way only to a clear win', () => {
  assert.deepEqual(eligibleFormats(['avx2']).encoder, ['float32'])
  assert.deepEqual(eligibleFormats(['avx2', 'avx512_vnni']).encoder, ['smoothed8', 'float32'])
  const timesOf = (smoothed8: number, float32: number) => ({
    smoothed8: { encoder: smoothed8, decoder: 1 },
    float32: { encoder: float32, decoder: 1 },
  })
  const formats = ['smoothed8', 'float32'] as const
  assert.equal(fastest('encoder', formats, timesOf(1, 2)), 'smoothed8')
  assert.equal(fastest('encoder', formats, timesOf(1, 0.95)), 'smoothed8')
  assert.equal(fastest('encoder', formats, timesOf(1, 0.8)), 'float32')
})

test('a measurement is made once for each machine and width', async () => {
  const cacheDir = join(root, 'measured')
  const measure = (changes: Partial<Parameters<typeof measuredFormats>[1]> = {}) =>
    measuredFormats(['float32', 'blocks8'], { width: 64, cacheDir, machine: 'here', ...changes })
  const first = await measure()
  assert.equal(first.isNew, true)
  assert.ok(first.times.float32!.encoder > 0 && first.times.blocks8!.decoder > 0)
  assert.deepEqual(await measure(), { times: first.times, isNew: false })
  for (const changes of [{ machine: 'there' }, { width: 32 }]) {
    assert.equal((await measure(changes)).isNew, true)
  }
  assert.equal((await measure()).isNew, false, 'the others are kept beside it')

  const file = join(cacheDir, 'compiled', 'formats.json')
  writeFileSync(file, readFileSync(file).subarray(0, 20))
  assert.equal((await measure()).isNew, true, 'a damaged file is measured again')
})
