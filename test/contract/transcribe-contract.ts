/** The contract of `POST /transcribe` that every engine must keep, as tests over a service that the caller starts. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { FORM_TYPE, form, type Part } from '../helpers/rigs/raw-http.ts'
import type { RunningService } from '../helpers/rigs/service.ts'

export interface ServiceUnderTest {
  readonly name: string
  /** Starts it with this default model; `env` holds further settings. */
  readonly start: (env: NodeJS.ProcessEnv) => Promise<RunningService>
  /** A model that it can load. */
  readonly modelId: string
  readonly recording: () => Promise<Buffer>
  /** Must be found in the transcription. */
  readonly expected: RegExp
}

const NO_FILE = '{"detail":"Nenhum arquivo enviado."}'
const FAILED = 'Erro no processamento de áudio: '

export function transcribeContract(subject: ServiceUnderTest): void {
  describe(`the contract of POST /transcribe, kept by ${subject.name}`, () => {
    let service: RunningService
    let recording: Buffer

    before(async () => {
      recording = await subject.recording()
      service = await subject.start({ DEFAULT_MODEL_ID: subject.modelId, MAX_UPLOAD_MB: '8' })
    })
    after(() => service.close())

    const post = (body: Buffer | string | undefined, headers: Record<string, string> = { 'content-type': FORM_TYPE }) =>
      fetch(`${service.baseUrl}/transcribe`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) })
    const file = (content: Buffer | string = recording): Part => ({ name: 'file', fileName: 'nota.wav', content })
    const model = (content: string): Part => ({ name: 'model_id', content })

    async function assertRefused(response: Response, status: number, body: string) {
      assert.equal(await response.text(), body)
      assert.equal(response.status, status)
      assert.equal(response.headers.get('content-type'), 'application/json')
      assert.deepEqual(await service.uploads(), [])
    }

    test('a recording is answered with status, model, time and text, in this order', async () => {
      const response = await post(form(model(subject.modelId), file()))
      const text = await response.text()
      const body = JSON.parse(text) as Record<string, unknown>

      assert.equal(response.status, 200, text)
      assert.equal(response.headers.get('content-type'), 'application/json')
      assert.deepEqual(Object.keys(body), ['status', 'model_used', 'processing_time_sec', 'transcription'])
      assert.equal(body.status, 'success')
      assert.equal(body.model_used, subject.modelId)
      assert.match(text, /"processing_time_sec":\d+(\.\d{1,2})?,/)
      assert.match(String(body.transcription), subject.expected)
      assert.equal(String(body.transcription), String(body.transcription).trim())
      assert.deepEqual(await service.uploads(), [])
    })

    for (const [what, parts] of Object.entries({
      'the model comes after the file': [file, () => model(subject.modelId)],
      'no model is named': [file],
      'the model is an empty field': [() => model(''), file],
      'there are fields that nobody knows': [() => ({ name: 'constructor', content: '{' }), file],
      'files come under other names too': [() => ({ name: 'cover', fileName: 'a.png', content: 'x' }), file],
    } satisfies Record<string, readonly (() => Part)[]>)) {
      test(`the recording is transcribed when ${what}`, async () => {
        const response = await post(form(...parts.map((part) => part())))
        const body = (await response.json()) as Record<string, unknown>
        assert.equal(response.status, 200)
        assert.equal(body.model_used, subject.modelId)
        assert.match(String(body.transcription), subject.expected)
      })
    }

    test('of repeated fields and files the last one counts', async () => {
      const response = await post(form(model('não-existe'), model(subject.modelId), file('not this one'), file()))
      const body = (await response.json()) as Record<string, unknown>
      assert.equal(response.status, 200)
      assert.match(String(body.transcription), subject.expected)
      assert.doesNotMatch(String(body.transcription), /not this one/)
      assert.deepEqual(await service.uploads(), [])
    })

    for (const id of ['x', 'ção "😀"', '../base', 'constructor', ' base']) {
      test(`the unknown model ${id} is refused by the name that was sent, wherever it stands in the form`, async () => {
        const expected = JSON.stringify({ detail: `Modelo '${id}' não suportado.` })
        await assertRefused(await post(form(model(id), file())), 400, expected)
        await assertRefused(await post(form(file(), model(id))), 400, expected)
      })
    }

    for (const [what, request] of Object.entries({
      'the form has no file': () => post(form(model(subject.modelId))),
      'the form is empty': () => post(form()),
      'the file has no name': () => post(form({ name: 'file', fileName: '', content: 'RIFF' })),
      'the last of two files has no name': () => post(form(file(), { name: 'file', fileName: '', content: '' })),
      'the file is an ordinary field': () => post(form({ name: 'file', content: 'RIFF' })),
      'an ordinary field says that it is binary': () =>
        post(form({ name: 'file', type: 'application/octet-stream', content: 'RIFF' })),
      'the file goes by another name': () => post(form({ name: 'audio', fileName: 'a.wav', content: 'RIFF' })),
      'the body is JSON': () => post('{"file":"a.wav"}', { 'content-type': 'application/json' }),
      'the body is broken JSON': () => post('{', { 'content-type': 'application/json' }),
      'the body is urlencoded': () => post('file=a', { 'content-type': 'application/x-www-form-urlencoded' }),
      'the body is the recording itself': () => post(recording, { 'content-type': 'audio/wav' }),
      'there is no body': () => post(undefined, {}),
      'there is no body in the form': () => post(undefined),
      'the content type is nonsense': () => post('x', { 'content-type': 'nonsense' }),
      'the form has no boundary': () => post(form(file()), { 'content-type': 'multipart/form-data' }),
      'the form has another boundary': () => post(form(file()), { 'content-type': `${FORM_TYPE}-not` }),
      'the form is cut in the file': () => post(form(file()).subarray(0, -35)),
      'the form is cut in the head of a part': () => post(form(file()).subarray(0, 40)),
      'the form is cut before its end mark': () => post(form(file()).subarray(0, -8)),
    })) {
      test(`no file was sent when ${what}`, async () => {
        await assertRefused(await request(), 400, NO_FILE)
      })
    }

    test('an empty file is a failed processing, told in one sentence', async () => {
      const expected = { detail: `${FAILED}The file is empty: send a file that holds a recording.` }
      await assertRefused(await post(form(file(''))), 500, JSON.stringify(expected))
    })

    test('a file above the limit is refused and not kept', async () => {
      const response = await post(form(file(Buffer.alloc(8 * 1024 ** 2 + 1))))
      const { detail } = (await response.json()) as { detail: string }
      assert.equal(response.status, 413)
      assert.match(detail, /^The upload is larger than the allowed 8 MB: .*MAX_UPLOAD_MB\.$/)
      assert.deepEqual(await service.uploads(), [])
    })

    test('a wrong method, a wrong path and a wrong address are answered in the same form', async () => {
      for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        const response = await fetch(`${service.baseUrl}/transcribe`, { method })
        assert.equal(response.headers.get('allow'), 'POST')
        await assertRefused(response, 405, '{"detail":"Method Not Allowed"}')
      }
      const health = await fetch(`${service.baseUrl}/health`, { method: 'POST', body: '{' })
      assert.equal(health.headers.get('allow'), 'GET, HEAD')
      await assertRefused(health, 405, '{"detail":"Method Not Allowed"}')
      await assertRefused(await fetch(`${service.baseUrl}/nope`), 404, '{"detail":"Not Found"}')
      const undecodable = await fetch(`${service.baseUrl}/%zz`)
      assert.equal(undecodable.status, 400)
      assert.equal(undecodable.headers.get('content-type'), 'application/json')
      assert.deepEqual(Object.keys((await undecodable.json()) as object), ['detail'])
    })
  })
}
