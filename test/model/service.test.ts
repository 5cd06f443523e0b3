/** The whole service on real weights: answers, swaps, and memory that comes back. */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { baseFolder, lowRankBaseFolder, tinyEnFolder } from '../helpers/data/real-models.ts'
import { noSpeech, type Spoken, spoken } from '../helpers/data/spoken.ts'
import { descendants, isRunning, residentBytesOfTree } from '../helpers/judges/process-tree.ts'
import { type ServiceProcess, startServiceProcess } from '../helpers/rigs/service-process.ts'

const MB = 1024 * 1024
const [base, tinyEn, lite] = [baseFolder(), tinyEnFolder(), await lowRankBaseFolder()]
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

  async function text(path: string, fields: Record<string, string>): Promise<string> {
    const { status, body } = await service.post(path, fields)
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.model_used, fields.model_id)
    return String(body.transcription)
  }

  const hears = async ({ path, said }: Spoken, fields: Record<string, string>) =>
    assert.match(await text(path, fields), said)

  test('words are heard, the language found by the model itself', async () => {
    await hears(spoken.sentence, { model_id: 'base' })
    await hears(spoken.english, { model_id: 'base' })
  })

  test('a low-rank encoder transcribes, and a recording of about a minute to its end', async () => {
    const { path, language, ends } = spoken.long
    assert.match(await text(path, { model_id: 'lite', language }), ends, 'the last utterance of the recording is there')
  })

  test('an English-only model transcribes English and refuses another language', async () => {
    await hears(spoken.english, { model_id: 'tiny' })
    const { status, body } = await service.post(spoken.english.path, { model_id: 'tiny', language: 'pt' })
    assert.equal(status, 400)
    assert.match(String(body.detail), /only English/)
  })

  test('a strategy that does not fit the checkpoint is named in the answer', async () => {
    const { status, body } = await service.post(spoken.english.path, { model_id: 'mismatch' })
    assert.equal(status, 500)
    assert.match(String(body.detail), /^Erro no processamento de áudio: Model 'mismatch' .* no low-rank layers/)
  })

  test('after an unload the memory is back within 30 MB of what it was, over ten swaps', async (t) => {
    await text(spoken.sentence.path, { model_id: 'base' })
    await service.unload('base')
    const before = residentBytesOfTree(service.pid)
    const afterwards: number[] = []
    for (let swap = 0; swap < 10; swap++) {
      await text(spoken.sentence.path, { model_id: swap % 2 === 0 ? 'tiny' : 'base' })
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
    for (let i = 0; i < 10; i++) await text(spoken.short[0], { model_id: 'tiny' })
    const before = residentBytesOfTree(service.pid)
    for (let i = 0; i < 200; i++) {
      await text(spoken.short[i % 2]!, { model_id: 'tiny' })
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
