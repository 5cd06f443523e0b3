/** Which language a recording is taken to be in: what is asked for, by every route, and what the engine makes of it. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../src/engine/index.ts'
import { warmUpRecording } from '../../src/engine/preload.ts'
import { loadModel } from '../../src/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { ModelRegistry } from '../../src/models/registry.ts'
import type { RequestedOptions } from '../../src/whisper/options.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { paradox } from '../helpers/rigs/command-line.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'
import { never } from '../helpers/rigs/tiny-engines.ts'

test('auto reaches the engine as it is, by every route that takes a language', async (t) => {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber })
  t.after(() => service.close())
  const language = { name: 'language', content: 'AUTO' }
  for (const [path, fileField, parts] of [
    ['/transcribe', 'file', [language]],
    ['/v1/audio/transcriptions', 'file', [language]],
    ['/v1/audio/translations', 'file', [language]],
    ['/inference', 'file', [language]],
    ['/asr?language=AUTO', 'audio_file', []],
  ] as const) {
    const body = form(...parts, { name: fileField, fileName: 'nota.ogg', content: 'bom dia' })
    const response = await fetch(service.baseUrl + path, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body,
    })
    assert.equal(response.status, 200, await response.text())
    assert.equal(transcriber.requests.at(-1)?.language, 'AUTO', path)
  }
})

/** So few tokens that the tiny model, which says what chance has it, is soon done. */
const SHORT: RequestedOptions = { vadFilter: false, maxNewTokens: 2, temperature: [0] }

describe('the language of a recording', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-languages-'))
  const recording = join(folder, 'recording.wav')

  before(() => {
    writeFileSync(recording, warmUpRecording())
    writeRandomCheckpoint(join(folder, 'tiny'), tinyShape())
    writeRandomCheckpoint(join(folder, 'tiny.en'), tinyShape({ vocabSize: 51864 }))
    const models = {
      own: { path: 'tiny', strategy: 'whisper', language: 'portuguese' },
      detecting: { path: 'tiny', strategy: 'whisper', language: 'auto' },
      open: { path: 'tiny', strategy: 'whisper' },
      english: { path: 'tiny.en', strategy: 'whisper' },
    }
    writeFileSync(join(folder, 'models.json'), JSON.stringify(models))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const environment = () => ({
    MODELS_FILE: join(folder, 'models.json'),
    PARADOX_CACHE_DIR: join(folder, 'cache'),
    THREADS: '1',
  })

  /** What each request gets: a language, and whether it was detected. */
  async function ask(
    DEFAULT_LANGUAGE: string,
    requests: readonly { readonly model: string; readonly language?: string; readonly options?: RequestedOptions }[],
  ): Promise<string[]> {
    const config = readConfig({ ...environment(), DEFAULT_LANGUAGE })
    const registry = ModelRegistry.load(config.models)
    const pool: EnginePool = createEnginePool({
      resolve: (id) => registry.get(id),
      maxLoadedModels: 1,
      settings: config.engine,
      logger: silentLogger,
    })
    try {
      const answers: string[] = []
      for (const { model, language, options } of requests) {
        const request = { modelId: model, audioPath: recording, language, options: { ...SHORT, ...options } }
        const transcription = await pool.transcribe({ ...request, signal: never })
        answers.push(transcription.languageProbability === undefined ? transcription.language : 'detected')
      }
      return answers
    } finally {
      await pool.close(0)
    }
  }

  test("is the request's, else the model's, else DEFAULT_LANGUAGE, else detected", async () => {
    const requests = [
      { model: 'own', language: 'es' },
      { model: 'own' },
      { model: 'open', language: 'es' },
      { model: 'open' },
      { model: 'detecting' },
    ]
    assert.deepEqual(await ask('', requests), ['es', 'pt', 'es', 'detected', 'detected'])
    assert.deepEqual(await ask('galego', requests), ['es', 'pt', 'es', 'gl', 'detected'])
  })

  test('is detected where a request says auto, whatever the model and the service say', async () => {
    const requests = ['own', 'open', 'detecting'].map((model) => ({ model, language: 'Auto' }))
    assert.deepEqual(await ask('gl', requests), ['detected', 'detected', 'detected'])
  })

  test('is detected for a request that names candidates, rather than DEFAULT_LANGUAGE', async () => {
    const options = { languages: ['es', 'en'] }
    const requests = [
      { model: 'open', options },
      { model: 'own', options },
      { model: 'own', language: 'auto', options },
    ]
    assert.deepEqual(await ask('gl', requests), ['detected', 'pt', 'detected'])
  })

  test('is detected where the model does not know DEFAULT_LANGUAGE, which came with a later vocabulary', async () => {
    assert.deepEqual(await ask('yue', [{ model: 'open' }]), ['detected'])
  })

  test('is English for a model that knows no other, whatever the service says, and auto asks for no more', async () => {
    assert.deepEqual(await ask('pt', [{ model: 'english' }, { model: 'english', language: 'auto' }]), ['en', 'en'])
  })

  test('is detected anew in each window of a request that says multilingual, beside auto and DEFAULT_LANGUAGE', async () => {
    const options = { multilingual: true }
    const requests = [
      { model: 'open', options },
      { model: 'own', language: 'auto', options },
    ]
    assert.deepEqual(await ask('gl', requests), ['detected', 'detected'])
  })

  test('is detected on the command line by --language auto', async () => {
    const flags = ['--no-vad-filter', '--max-new-tokens', '2', '--temperature', '0', '--format', 'verbose_json']
    const detected = async (...more: string[]) => {
      const env = { ...environment(), DEFAULT_LANGUAGE: 'gl' }
      const ended = await paradox(['transcribe', ...more, ...flags, recording], { cwd: folder, env })
      assert.equal(ended.code, 0, ended.stderr)
      const { language, language_probability } = JSON.parse(ended.stdout) as Record<string, unknown>
      return language_probability === undefined ? language : 'detected'
    }
    assert.equal(await detected('--model', 'own'), 'portuguese')
    assert.equal(await detected('--model', 'own', '--language', 'auto'), 'detected')
    assert.equal(await detected('--model', 'open'), 'galician')
  })

  test('is detected in a program by language: auto', async () => {
    const { MODELS_FILE, PARADOX_CACHE_DIR } = environment()
    const settings = { modelsFile: MODELS_FILE, cacheDir: PARADOX_CACHE_DIR, threads: 1 }
    await using model = await loadModel('own', settings)
    const options = { vadFilter: false, maxNewTokens: 2, temperature: [0] }
    assert.equal((await model.transcribe(recording, options)).languageProbability, undefined)
    const { languageProbability } = await model.transcribe(recording, { ...options, language: 'auto' })
    assert.equal(typeof languageProbability, 'number')
  })
})
