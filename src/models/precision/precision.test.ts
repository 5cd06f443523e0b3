import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLogger } from '../../logger.ts'
import { keepTimes } from './format-times.ts'
import { chooseFormats, eligibleFormats, type FormatOptions, fastest, namedFormats } from './precision.ts'
import { measuredFormats, wasBusy } from './precision-measurement.ts'

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
  const formats = ['smoothed8', 'float32'] as const
  const after = (smoothed8: readonly number[], float32: readonly number[], nBusy = 0) =>
    fastest('encoder', formats, {
      times: { smoothed8: { encoder: [...smoothed8], decoder: [] }, float32: { encoder: [...float32], decoder: [] } },
      nBusy,
      measuredAt: '2026-12-01T00:00:00.000Z',
    })
  assert.equal(after([1, 1, 1], [2, 2, 2]), 'smoothed8')
  assert.equal(after([1, 1, 1], [0.9, 0.9, 0.9]), 'smoothed8')
  assert.equal(after([1, 1, 1], [0.7, 0.7, 0.7]), 'float32')
  assert.equal(after([1, 1, 1], [0.7, 0.9, 0.7]), 'smoothed8', 'not in every round')
  assert.equal(after([7.2, 7.2, 7.2], [5.1, 5.1, 5.1], 1), 'smoothed8', 'on a busy machine nothing is clear')
  assert.equal(fastest('encoder', formats, undefined), 'smoothed8')
})

test('runs that lost their core, or took much longer than others, speak of a busy machine', () => {
  const run = (processor: number, clock = processor) => [{ processor, clock }]
  assert.equal(
    wasBusy([
      [run(5), run(5.2), run(5.1)],
      [run(9), run(9.3), run(9)],
    ]),
    false,
  )
  assert.equal(
    wasBusy([
      [run(5), run(5.2), run(30)],
      [run(9), run(9.3), run(9)],
    ]),
    false,
    'one outlier',
  )
  assert.equal(
    wasBusy([
      [run(5, 10), run(5, 9), run(5)],
      [run(9, 20), run(9), run(9)],
    ]),
    true,
  )
  assert.equal(
    wasBusy([
      [run(5), run(5), run(5)],
      [run(9), run(14), run(13)],
    ]),
    true,
  )
})

test('a measurement is made once for each machine and width', async () => {
  const cacheDir = join(root, 'measured')
  const measure = (changes: Partial<Parameters<typeof measuredFormats>[1]> = {}) =>
    measuredFormats(['float32', 'blocks8'], { width: 64, cacheDir, machine: 'here', ...changes })
  const first = await measure()
  assert.equal(first.isNew, true)
  assert.ok(Math.min(...first.measurement.times.float32!.encoder, ...first.measurement.times.blocks8!.decoder) > 0)
  keepTimes({ width: 64, cacheDir, machine: 'here' }, { ...first.measurement, nBusy: 0 }) // whatever else runs here
  assert.deepEqual(await measure(), { measurement: { ...first.measurement, nBusy: 0 }, isNew: false })
  for (const changes of [{ machine: 'there' }, { width: 32 }]) {
    assert.equal((await measure(changes)).isNew, true)
  }
  assert.equal((await measure()).isNew, false, 'the others are kept beside it')
  keepTimes({ width: 64, cacheDir, machine: 'here' }, { ...first.measurement, nBusy: 1 })
  assert.equal((await measure()).isNew, true, 'a busy machine is measured again')
  keepTimes({ width: 64, cacheDir, machine: 'here' }, { ...first.measurement, nBusy: 3 })
  assert.equal((await measure()).isNew, false, 'but not for ever')

  const file = join(cacheDir, 'compiled', 'formats.json')
  writeFileSync(file, readFileSync(file).subarray(0, 20))
  assert.equal((await measure()).isNew, true, 'a damaged file is measured again')
})
