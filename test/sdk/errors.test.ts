/** Refusals as OpenAI's own package for JavaScript tells them: its class for each, with the code and the field. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type OpenAI from 'openai'
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  toFile,
} from 'openai'
import type { TranscriptionCreateParamsNonStreaming } from 'openai/resources/audio'
import {
  type OpenAiService,
  openAiSkip,
  SAID,
  SPEECH,
  speech,
  speechInMemory,
  startOpenAiService,
} from '../helpers/rigs/openai-service.ts'

const KEY = 'a-key-of-this-test'

describe('what is wrong with a request', { skip: openAiSkip, concurrency: 1 }, () => {
  let service: OpenAiService
  let client: OpenAI
  const transcribe = (fields: object): Promise<unknown> => {
    const body = { file: speech(SPEECH.portuguese), model: 'whisper-1', ...fields }
    return client.audio.transcriptions.create(body as TranscriptionCreateParamsNonStreaming) // also what it has no type for
  }
  const refusal = async (fields: object): Promise<APIError> => {
    const error = await transcribe(fields).then(
      (answer) => assert.fail(`answered: ${JSON.stringify(answer)}`),
      (error: unknown) => error,
    )
    assert.ok(error instanceof APIError, String(error))
    return error
  }

  before(async () => {
    service = await startOpenAiService()
    client = service.client()
  })
  after(() => service?.[Symbol.asyncDispose]())

  test('a model that is not there is not found, by its code', async () => {
    const error = await refusal({ model: 'no-such-model' })
    assert.ok(error instanceof NotFoundError)
    assert.equal(error.code, 'model_not_found')
    assert.equal(error.param, 'model')
    assert.equal(error.type, 'invalid_request_error')
    assert.match(error.message, /no-such-model/)
    assert.match(error.requestID ?? '', /\S/)
  })

  test('no model of such a name is retrieved', async () => {
    await assert.rejects(client.models.retrieve('no-such-model'), (error: APIError) => {
      assert.ok(error instanceof NotFoundError)
      assert.equal(error.code, 'model_not_found')
      return true
    })
  })

  test('a field with a value that is not allowed is named', async () => {
    const wrong: readonly (readonly [param: string, fields: object])[] = [
      ['response_format', { response_format: 'docx' }],
      ['temperature', { temperature: 3 }],
      ['temperature', { temperature: 'warm' }],
      ['language', { language: 'klingon' }],
      ['languages', { languages: ['klingon'] }],
      ['timestamp_granularities', { response_format: 'verbose_json', timestamp_granularities: ['sentence'] }],
      ['timestamp_granularities', { response_format: 'json', timestamp_granularities: ['word'] }],
      ['include', { include: ['everything'] }],
      ['include', { include: ['logprobs'], response_format: 'verbose_json' }],
      ['stream', { stream: 'perhaps' }],
      ['chunking_strategy', { chunking_strategy: 'never' }],
      ['chunking_strategy', { chunking_strategy: { type: 'server_vad', threshold: 2 } }],
      ['beam_size', { beam_size: 99 }],
    ]
    for (const [param, fields] of wrong) {
      const error = await refusal(fields)
      assert.ok(error instanceof BadRequestError, `${JSON.stringify(fields)}: ${error.message}`)
      assert.equal(error.param, param)
      assert.equal(error.type, 'invalid_request_error')
      assert.equal(typeof error.code, 'string')
    }
  })

  test('a file that is no recording is the fault of its sender', async () => {
    const files = [
      await toFile(Buffer.from('this is no recording'), 'broken.mp3'),
      await toFile(Buffer.alloc(0), 'empty.wav'),
    ]
    for (const file of files) {
      const error = await refusal({ file })
      assert.ok(error instanceof BadRequestError, error.message)
      assert.equal(error.param, 'file')
    }
  })

  test('a form without its file is told so', async () => {
    const error = await refusal({ file: undefined })
    assert.ok(error instanceof BadRequestError)
    assert.equal(error.param, 'file')
  })

  test('a body that is no form is of an unsupported type', async () => {
    const post = client.post('/audio/transcriptions', { body: { model: 'whisper-1' } })
    await assert.rejects(post, (error: APIError) => {
      assert.ok(error instanceof APIError)
      assert.equal(error.status, 415)
      return true
    })
  })

  test('a path that is not there is not found', async () => {
    await assert.rejects(client.get('/no/such/path'), NotFoundError)
  })
})

describe('what a service with keys and narrow limits refuses', { skip: openAiSkip, concurrency: 1 }, () => {
  let service: OpenAiService
  let client: OpenAI
  const portuguese = () => ({ file: speech(SPEECH.portuguese), model: 'whisper-1' })

  before(async () => {
    const env = { API_KEYS: KEY, MAX_UPLOAD_MB: '1', MAX_CONCURRENCY: '1', MAX_QUEUE: '0' }
    service = await startOpenAiService(env)
    client = service.client({ apiKey: KEY })
  })
  after(() => service?.[Symbol.asyncDispose]())

  test('a wrong key is an authentication error, and the right one is let in', async () => {
    const stranger = service.client({ apiKey: 'another-key-of-this-test' })
    await assert.rejects(stranger.audio.transcriptions.create(portuguese()), (error: APIError) => {
      assert.ok(error instanceof AuthenticationError)
      assert.equal(error.code, 'invalid_api_key')
      return true
    })
    assert.match((await client.audio.transcriptions.create(portuguese())).text, SAID.portuguese)
    assert.ok(!JSON.stringify(service.process.logLines).includes(KEY), 'the log has no keys')
  })

  test('a recording above the limit is too large, and is sent once', async () => {
    const file = await toFile(Buffer.alloc(2 * 1024 * 1024), 'large.wav')
    await assert.rejects(client.audio.transcriptions.create({ file, model: 'whisper-1' }), (error: APIError) => {
      assert.ok(error instanceof APIError)
      assert.equal(error.status, 413)
      return true
    })
    await service.process.logged(({ status }) => status === 413)
    assert.equal(service.process.logLines.filter(({ status }) => status === 413).length, 1)
  })

  test('a request too many is told when to come again, and the package does so by itself', async () => {
    const first = client.audio.transcriptions.create({ file: speech(SPEECH.minute), model: 'whisper-1' })
    await service.running(1)
    const impatient = client.audio.transcriptions.create(portuguese(), { maxRetries: 0 })
    await assert.rejects(impatient, (error: APIError) => {
      assert.ok(error instanceof RateLimitError)
      assert.ok(Number(error.headers?.get('retry-after')) >= 1)
      return true
    })
    const again = { file: await speechInMemory(SPEECH.portuguese), model: 'whisper-1' }
    const patient = await client.audio.transcriptions.create(again, { maxRetries: 60 })
    assert.match(patient.text, SAID.portuguese)
    assert.match((await first).text, SAID.minute)
  })
})

test('a request beyond its time is given up, and not sent again', { skip: openAiSkip }, async () => {
  await using service = await startOpenAiService({ REQUEST_TIMEOUT: '1' })
  // So slow that no machine is done in a second.
  const slow = { file: await speechInMemory(SPEECH.minute), model: 'whisper-1', beam_size: 16 }
  await assert.rejects(service.client().audio.transcriptions.create(slow), (error: APIError) => {
    assert.ok(error instanceof InternalServerError)
    assert.equal(error.status, 503)
    return true
  })
  await service.running(0)
  await service.process.logged(({ status }) => status === 503)
  assert.equal(service.process.logLines.filter(({ status }) => status === 503).length, 1)
})
