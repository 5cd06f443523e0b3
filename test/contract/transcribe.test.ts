/** `POST /transcribe` over real sockets, with engines whose behaviour the tests write. */

import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  AudioUnreadableError,
  HubUnreachableError,
  LanguageUnknownError,
  ModelLoadError,
  RemoteError,
  toWire,
} from '../../src/errors/index.ts'
import { heldScript, type Script, scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'
import { transcribeContract } from './transcribe-contract.ts'

transcribeContract({
  name: 'scripted engines',
  start: (env) => startService({ transcriber: scriptedTranscriber(), env }),
  modelId: 'base',
  recording: async () => Buffer.from('bom dia a todos'),
  expected: /^bom dia a todos$/,
})

const FILE = { name: 'file', fileName: 'nota.ogg', content: 'bom dia' }

async function start(t: TestContext, script?: Script, env?: NodeJS.ProcessEnv) {
  const transcriber = scriptedTranscriber()
  if (script) transcriber.script = script
  const service = await startService({ transcriber, ...(env ? { env } : {}) })
  t.after(() => service.close())
  const post = (body: Buffer, signal?: AbortSignal) =>
    fetch(`${service.baseUrl}/transcribe`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE },
      body,
      ...(signal ? { signal } : {}),
    })
  return { service, transcriber, post }
}

test('without DEFAULT_MODEL_ID the default model is freds0', async (t) => {
  const { post } = await start(t)
  assert.equal(((await (await post(form(FILE))).json()) as { model_used: string }).model_used, 'freds0')
})

test('letters beyond ASCII are sent as they are, not escaped', async (t) => {
  const { post } = await start(t, async () => transcriptionOf(' São João, às três 😀 '))
  assert.match(await (await post(form(FILE))).text(), /"transcription":"São João, às três 😀"}$/)
})

test('the recording lies in a private file with its original suffix while it is transcribed', async (t) => {
  const modes: string[] = []
  const { post, transcriber } = await start(t, async ({ audioPath }) => {
    for (const path of [audioPath, dirname(audioPath)]) modes.push(((await stat(path)).mode & 0o777).toString(8))
    return transcriptionOf('ok')
  })
  for (const fileName of [
    'nota.OGG',
    'C:\\audio\\nota de voz.tar.mp3',
    '../../etc/x.sh;rm',
    'sem-extensao',
    '😀.m4a',
  ]) {
    assert.equal((await post(form({ ...FILE, fileName }))).status, 200)
  }
  assert.deepEqual(
    transcriber.requests.map(({ audioPath }) => extname(audioPath)),
    ['.OGG', '.mp3', '', '', '.m4a'],
  )
  assert.deepEqual(new Set(modes), new Set(['600', '700']))
})

test('the language is handed on by its code, and an empty one is none', async (t) => {
  const { post, transcriber } = await start(t)
  await post(form(FILE, { name: 'language', content: 'português' }))
  await post(form(FILE, { name: 'language', content: '' }))
  assert.deepEqual(
    transcriber.requests.map(({ language }) => language),
    ['pt', undefined],
  )
})

test('an unknown language is refused with what to do, also when an engine process says so', async (t) => {
  const error = new LanguageUnknownError('klingon', 'Use a code such as pt.')
  for (const thrown of [error, new RemoteError(toWire(error))]) {
    const { post } = await start(t, () => Promise.reject(thrown))
    const response = await post(form(FILE))
    assert.equal(response.status, 400)
    assert.deepEqual(await response.json(), {
      detail: "Language 'klingon' is not one that this model knows: use a code such as pt.",
    })
  }
})

test('an expected failure is answered by its sentence and remedy, and logged with its code and cause', async (t) => {
  const { post, service } = await start(t, () =>
    Promise.reject(
      new AudioUnreadableError('no audio stream', { cause: new Error('ffmpeg: /tmp/secret/x.mp3: Invalid data') }),
    ),
  )
  const response = await post(form({ ...FILE, fileName: 'texto.mp3' }))
  assert.equal(response.status, 500)
  assert.deepEqual(await response.json(), {
    detail:
      'Erro no processamento de áudio: The file could not be read as audio (no audio stream): send a complete audio or video file, such as wav, mp3, ogg, m4a or mp4.',
  })
  assert.deepEqual(await service.uploads(), [])
  const line = await service.logged(({ msg }) => msg === 'request finished')
  assert.equal(line.code, 'ASR_AUDIO_UNREADABLE')
  assert.match(JSON.stringify(await service.logged(({ msg }) => msg === 'request failed')), /Invalid data/)
})

test('a model that cannot be loaded is named, with what to do', async (t) => {
  const { post } = await start(t, ({ modelId }) =>
    Promise.reject(new ModelLoadError(modelId, new HubUnreachableError('freds0/distil-whisper-large-v3-ptbr'))),
  )
  const { detail } = (await (await post(form(FILE))).json()) as { detail: string }
  assert.match(detail, /^Erro no processamento de áudio: Model 'freds0' could not be loaded .*HF_ENDPOINT/)
})

test('an unexpected failure tells the caller a request id, and the log everything under it', async (t) => {
  const { post, service } = await start(t, () => Promise.reject(new TypeError('boom in /srv/app/engine.ts')))
  const response = await post(form(FILE))
  const { detail } = (await response.json()) as { detail: string }
  assert.equal(response.status, 500)
  const id = /^Erro no processamento de áudio: unexpected failure; .* under request id ([\w-]{36})\.$/.exec(detail)?.[1]
  const line = await service.logged(({ requestId, level }) => requestId === id && level === 50)
  assert.match(JSON.stringify(line), /boom in \/srv.*stack/)
  assert.deepEqual(await service.uploads(), [])
})

test('health is answered at once while a recording is transcribed', async (t) => {
  const { script, started, finish } = heldScript()
  const { post, service } = await start(t, script)
  const health = async () => (await fetch(`${service.baseUrl}/health`)).text()
  assert.equal(await health(), '{"status":"ok","active_model":null}')
  const answer = post(form(FILE, { name: 'model_id', content: 'lite_asr' }))
  await started
  assert.equal(await health(), '{"status":"ok","active_model":"lite_asr"}')
  finish()
  assert.equal((await answer).status, 200)
})

test('a client that goes away stops its work, and its recording is deleted', async (t) => {
  const { script, started } = heldScript()
  const { post, service } = await start(t, script)
  const client = new AbortController()
  const answer = post(form(FILE), client.signal).catch((error: Error) => error.name)
  const { signal } = await started
  assert.equal((await service.uploads()).length, 1)

  client.abort()
  assert.equal(await answer, 'AbortError')
  const line = await service.logged(({ msg }) => msg === 'request finished')
  assert.equal(line.status, 499)
  assert.equal(signal.aborted, true)
  await service.emptied()
})

test('each finished request is one log line with the figures of the work and nothing private', async (t) => {
  const { post, service } = await start(t, async () => transcriptionOf('um segredo', 12.5))
  await post(form({ ...FILE, fileName: 'reuniao-secreta.ogg' }))
  const line = await service.logged(({ msg }) => msg === 'request finished')
  const { requestId, method, route, status, modelId, audioSeconds, processingSeconds, rtf } = line
  assert.deepEqual([method, route, status, modelId, audioSeconds], ['POST', '/transcribe', 200, 'freds0', 12.5])
  assert.match(String(requestId), /^[\w-]{36}$/)
  assert.ok(Number(rtf) >= 0 && Number(rtf) <= Number(processingSeconds))
  assert.equal(service.logLines.filter(({ msg }) => msg === 'request finished').length, 1)
  assert.doesNotMatch(JSON.stringify(service.logLines), /segredo|secreta/)
})

test('twenty uploads at once are all answered, each with its own text', async (t) => {
  const { post, service } = await start(t)
  const texts = Array.from({ length: 20 }, (_, i) => `texto ${i}`)
  const answers = await Promise.all(
    texts.map(
      async (content) =>
        ((await (await post(form({ ...FILE, content }))).json()) as { transcription: string }).transcription,
    ),
  )
  assert.deepEqual(answers, texts)
  assert.deepEqual(await service.uploads(), [])
})
