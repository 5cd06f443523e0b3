/** Which language a recording is taken to be in: what is asked for, by every route, and what the engine makes of it. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createEnginePool, type EnginePool } from '../../src/engine/index.ts'
import { warmUpRecording } from '../../src/engine/preload.ts'
import { LanguageUnknownError } from '../../src/errors/index.ts'
import { loadModel } from '../../src/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { ModelRegistry } from '../../src/models/registry.ts'
import type { RequestedOptions } from '../../src/whisper/options.ts'
import { tinyShape, writeRandomCheckpoint } from '../helpers/builders/checkpoint-builder.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { paradox } from '../helpers/rigs/command-line.ts'
import { FORM_TYPE, form, type Part } from '../helpers/rigs/raw-http.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'
import { never } from '../helpers/rigs/tiny-engines.ts'

/** Every route that takes a language: where its file goes, and whether the language stands in the query. */
const DOORS = [
  { path: '/transcribe', fileField: 'file' },
  { path: '/v1/audio/transcriptions', fileField: 'file' },
  { path: '/v1/audio/translations', fileField: 'file' },
  { path: '/inference', fileField: 'file' },
  { path: '/asr', fileField: 'audio_file', isInQuery: true },
] as const

/** What is written for a language, and what reaches the engine. */
const LANGUAGES: readonly (readonly [written: string, meant: string | undefined])[] = [
  ...['auto', 'AUTO', ' Auto ', 'detect', 'und', 'mul', 'mis', 'zxx', 'null', 'None', 'undefined'].map(
    (word) => [word, 'auto'] as const,
  ),
  ['', undefined],
  ['  ', undefined],
  ['Language.EN', 'en'],
  ['pt_BR.UTF-8', 'pt'],
  ['português', 'pt'],
  ['ger', 'de'],
  ['pob', 'pt'],
  ['zh-Hant-TW', 'zh'],
  ['yue', 'yue'],
]

describe('every door', () => {
  const transcriber = scriptedTranscriber()
  let service: RunningService

  before(async () => {
    service = await startService({ transcriber })
  })
  after(() => service.close())

  /** A field before the file, so that what refuses it does so before the upload. */
  async function send({ path, fileField, isInQuery }: (typeof DOORS)[number] & { isInQuery?: boolean }, field: Part) {
    const query = isInQuery ? `?${field.name}=${encodeURIComponent(String(field.content))}` : ''
    const file = { name: fileField, fileName: 'nota.ogg', content: 'bom dia' }
    const response = await fetch(service.baseUrl + path + query, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body: isInQuery ? form(file) : form(field, file),
    })
    return { status: response.status, text: await response.text(), request: transcriber.requests.at(-1) }
  }

  for (const door of DOORS) {
    test(`${door.path} understands every client's word for a language and for detection`, async () => {
      for (const [written, meant] of LANGUAGES) {
        const { status, text, request } = await send(door, { name: 'language', content: written })
        assert.equal(status, 200, text)
        assert.equal(request?.language, meant, JSON.stringify(written))
      }
    })

    test(`${door.path} refuses what is no language, by the name of the field and what it may be`, async () => {
      for (const wrong of ['klingon', 'xx', 'pt,en', 'pt\u0000']) {
        const nBefore = transcriber.requests.length
        const { status, text } = await send(door, { name: 'language', content: wrong })
        assert.equal(status, 400, text)
        assert.match(text, /et language to a code such as pt or en, a name such as portuguese, or auto/)
        assert.equal(transcriber.requests.length, nBefore)
      }
    })

    test(`${door.path} takes a seed, and refuses one that is no number`, async () => {
      for (const [written, seed] of [
        ['42', 42],
        ['-1', -1],
        ['0', 0],
        ['', undefined],
      ] as const) {
        const { status, text, request } = await send(door, { name: 'seed', content: written })
        assert.equal(status, 200, text)
        assert.equal(request?.options?.seed, seed)
      }
      for (const wrong of ['random', '1.5', 'NaN', '1e99']) {
        const { status, text } = await send(door, { name: 'seed', content: wrong })
        assert.equal(status, 400, wrong)
        assert.match(text, /Option seed has the value '.*', which is not allowed: use a whole number/)
      }
    })
  }

  test('candidates are read as languages are, and such a word among them restricts nothing', async () => {
    for (const [written, meant] of [
      ['Português,ger', ['pt', 'de']],
      ['es-419,Portuguese (Brazil)', ['es', 'pt']],
      ['und', undefined],
      ['auto,pt', ['pt']],
    ] as const) {
      for (const door of DOORS.slice(0, 2)) {
        const { status, text, request } = await send(door, { name: 'languages', content: written })
        assert.equal(status, 200, text)
        assert.deepEqual(request?.options?.languages, meant, written)
      }
    }
    for (const door of DOORS.slice(0, 2)) {
      const { status, text } = await send(door, { name: 'languages', content: 'pt,klingon' })
      assert.equal(status, 400)
      assert.match(
        text,
        /Option languages has the value 'pt,klingon', .* use comma-separated codes or names of languages/,
      )
    }
  })

  test('what a loaded model lacks is refused where the file begins, unless another model may still be named', async (t) => {
    t.after(() => Object.assign(transcriber, { check() {} }))
    const asked: string[] = []
    const refusal = new LanguageUnknownError('de', 'This model knows only English.')
    Object.assign(transcriber, {
      check({ modelId, language }: { modelId: string; language?: string }) {
        asked.push(modelId)
        if (modelId !== 'base' && language === 'de') throw refusal
      },
    })
    const file = { name: 'file', fileName: 'nota.ogg', content: 'guten Tag' }
    const language = { name: 'language', content: 'de' }
    const post = async (...parts: Part[]) =>
      (
        await fetch(`${service.baseUrl}/v1/audio/transcriptions`, {
          method: 'POST',
          headers: { 'content-type': FORM_TYPE },
          body: form(...parts),
        })
      ).status
    assert.equal(await post({ name: 'model', content: 'lite_asr' }, language, file), 400)
    assert.equal(await post(language, file, { name: 'model', content: 'base' }), 200)
    assert.deepEqual(asked, ['lite_asr', 'base'])
  })
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
    const requests = [
      ...['own', 'open', 'detecting'].map((model) => ({ model, language: 'Auto' })),
      ...['und', 'null', 'Detect'].map((language) => ({ model: 'own', language })),
    ]
    assert.deepEqual(await ask('gl', requests), Array(6).fill('detected'))
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

  test('is Chinese for Cantonese with a model without it', async () => {
    assert.deepEqual(await ask('', [{ model: 'open', language: 'yue' }]), ['zh'])
  })

  test('is known of a loaded model before there is a recording', async () => {
    const registry = ModelRegistry.load(readConfig(environment()).models)
    const pool = createEnginePool({
      resolve: (id) => registry.get(id),
      maxLoadedModels: 1,
      settings: readConfig(environment()).engine,
      logger: silentLogger,
    })
    try {
      const refused = { code: 'ASR_LANGUAGE_UNKNOWN' }
      pool.check({ modelId: 'english', language: 'pt' }) // nothing is known yet
      await pool.load('english', never)
      assert.throws(() => pool.check({ modelId: 'english', language: 'pt' }), refused)
      assert.throws(() => pool.check({ modelId: 'english', options: { task: 'translate' } }), {
        code: 'ASR_OPTION_INVALID',
      })
      for (const language of ['auto', 'en-GB', undefined]) pool.check({ modelId: 'english', language })
      await pool.load('open', never)
      assert.throws(() => pool.check({ modelId: 'open', language: 'gsw' }), refused)
      assert.throws(() => pool.check({ modelId: 'open', options: { languages: ['pt', 'gsw'] } }), refused)
      for (const language of ['auto', 'pt', 'yue']) pool.check({ modelId: 'open', language })
    } finally {
      await pool.close(0)
    }
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
