/** Who may call and how often, over real sockets. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { serve } from '../../src/cli/serve.ts'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { BOUNDARY, FORM_TYPE, form, openSocket, partHead, readAnswer } from '../helpers/rigs/raw-http.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'

const KEYS = ['first-Key-of-two', 'second-Key-of-two'] as const
const WRONG_KEY = 'a-key-of-nobody'
const PUBLIC_PATHS = ['/', '/health', '/livez', '/readyz']
const FILE = { name: 'file', fileName: 'a.wav', content: 'bom dia' }

async function start(t: TestContext, env: NodeJS.ProcessEnv) {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber, env })
  t.after(() => service.close())
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(new URL(path, service.baseUrl), { method, headers })
  return { service, transcriber, get }
}

const withKeys = (t: TestContext, env: NodeJS.ProcessEnv = {}) => start(t, { API_KEYS: KEYS.join(), ...env })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

/** Every documented operation, the paths of the description itself, and some that no route has. */
async function operations(service: RunningService): Promise<(readonly [method: string, path: string])[]> {
  const api = await fetch(`${service.baseUrl}/openapi.json`, { headers: bearer(KEYS[0]) })
  const { paths } = (await api.json()) as { paths: Record<string, Record<string, unknown>> }
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'x')] as const),
  )
  const others = ['/openapi.json', '/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']
  const unknown = [
    '/',
    '/nothing',
    '/metrics',
    '/v1/models',
    '/v1/nothing',
    '/api/ps',
    '/asr',
    '/health/x',
    '/health%2f..%2fdocs',
  ]
  return [...documented, ...[...others, ...unknown].map((path) => ['GET', path] as const), ['DELETE', '/nothing']]
}

test('with keys set every path asks for one, but for the page and the health of the service', async (t) => {
  const { service, get } = await withKeys(t)
  const asked = (await operations(service)).filter(([, path]) => !PUBLIC_PATHS.includes(path))
  assert.ok(asked.some(([method, path]) => method === 'POST' && path === '/transcribe'))
  for (const [method, path] of asked) {
    const response = await get(path, {}, method)
    assert.equal(response.status, 401, `${method} ${path}`)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    assert.equal(response.headers.get('content-type'), 'application/json')
    await response.arrayBuffer()
  }
  assert.equal((await get('/docs', { 'sec-fetch-site': 'none' }, 'HEAD')).status, 401)
  for (const method of ['GET', 'HEAD']) assert.equal((await get('/health', {}, method)).status, 200)
  assert.equal((await get('/health', bearer(WRONG_KEY))).status, 200)
})

test('a refusal has the form that callers of its path know', async (t) => {
  const { get } = await withKeys(t)
  const missing =
    "The request has no API key: send the header 'Authorization: Bearer KEY' with a key that the operator has given you."
  assert.deepEqual(await (await get('/transcribe', {}, 'POST')).json(), { detail: missing })
  assert.deepEqual(await (await get('/v1/audio/transcriptions', {}, 'POST')).json(), {
    error: { message: missing, type: 'authentication_error', param: null, code: 'invalid_api_key' },
  })
  assert.deepEqual(await (await get('/inference', {}, 'POST')).json(), { error: missing })
  const { detail } = (await (await get('/docs', bearer(WRONG_KEY))).json()) as { detail: string }
  assert.match(detail, /^The API key is not one that this service knows: /)
})

test('each of the keys opens the service, as a bearer token of any case or as x-api-key', async (t) => {
  const { service, get } = await withKeys(t)
  for (const key of KEYS) {
    for (const headers of [
      bearer(key),
      { authorization: `bearer ${key}` },
      { authorization: `BEARER   ${key}` },
      { 'x-api-key': key },
      { 'x-api-key': key, authorization: 'Basic dXNlcjpwYXNz' }, // of a proxy in front
    ]) {
      assert.equal((await get('/openapi.json', headers)).status, 200, JSON.stringify(headers))
    }
  }
  const body = form(FILE)
  const headers = { 'content-type': FORM_TYPE, ...bearer(KEYS[1]) }
  const response = await fetch(`${service.baseUrl}/transcribe`, { method: 'POST', headers, body })
  assert.equal(response.status, 200)
  assert.equal((await get('/nothing', bearer(KEYS[0]))).status, 404)
})

test('what is nearly a key, or comes by another way, opens nothing', async (t) => {
  const { get } = await withKeys(t)
  const [key] = KEYS
  for (const headers of [
    bearer(WRONG_KEY),
    bearer(key.toLowerCase()),
    bearer(`${key}x`),
    bearer(key.slice(0, -1)),
    bearer(KEYS.join()),
    bearer(''),
    { authorization: key },
    { authorization: `Basic ${key}` },
    { authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}` },
    { 'x-api-key': WRONG_KEY, ...bearer(key) },
    { 'x-api-key': '' },
    { cookie: `authorization=Bearer ${key}` },
  ]) {
    assert.equal((await get('/openapi.json', headers)).status, 401, JSON.stringify(headers))
  }
  for (const query of [`api_key=${key}`, `key=${key}`, `authorization=Bearer%20${key}`]) {
    assert.equal((await get(`/openapi.json?${query}`)).status, 401, query)
  }
})

test('without keys nobody is asked for one, and whatever is sent does no harm', async (t) => {
  const { get } = await start(t, {})
  for (const headers of [{}, bearer(WRONG_KEY), { authorization: 'Basic x' }, { 'x-api-key': WRONG_KEY }]) {
    assert.equal((await get('/openapi.json', headers)).status, 200)
  }
})

test('who has no key is refused before anything of the body is read', async (t) => {
  const { service, transcriber } = await withKeys(t)
  const content = Buffer.alloc(32 * 1024 ** 2)
  const body = Buffer.concat([Buffer.from(partHead(FILE)), content, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)])
  const head = (extra: string) =>
    `POST /transcribe HTTP/1.1\r\nhost: a\r\ncontent-type: ${FORM_TYPE}\r\n${extra}content-length: ${body.length}\r\n\r\n`

  const silent = await openSocket(service.port)
  silent.write(head(''))
  assert.equal((await readAnswer(silent)).status, 401)
  silent.destroy()

  const asking = await openSocket(service.port)
  asking.write(head('expect: 100-continue\r\n'))
  const refusal = await readAnswer(asking)
  assert.deepEqual([refusal.status, refusal.headers.connection], [401, 'close'])
  asking.destroy()

  const sending = await openSocket(service.port)
  await new Promise<void>((sent, failed) => {
    sending.once('error', failed)
    sending.write(head(`authorization: Bearer ${WRONG_KEY}\r\n`))
    sending.write(body, () => sent())
  })
  assert.equal((await readAnswer(sending)).status, 401)
  sending.destroy()

  const allowed = await openSocket(service.port)
  allowed.write(head(`expect: 100-continue\r\nauthorization: Bearer ${KEYS[0]}\r\n`))
  assert.equal((await readAnswer(allowed)).status, 100)
  allowed.destroy()
  assert.equal(transcriber.requests.length, 0)
  assert.deepEqual(await service.uploads(), [])
})

test('no line of the log has a key, right or wrong, or a query', async (t) => {
  const { service, transcriber, get } = await withKeys(t, { RATE_LIMIT: '6' })
  transcriber.script = () => Promise.reject(new Error('a defect'))
  const post = (key: string) =>
    fetch(`${service.baseUrl}/transcribe?api_key=${key}`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE, ...bearer(key) },
      body: form(FILE),
    })
  assert.equal((await post(KEYS[0])).status, 500)
  for (const path of ['/health', '/nothing', '/docs', '/%zz']) {
    for (const key of [KEYS[0], WRONG_KEY]) await get(`${path}?api_key=${key}`, { ...bearer(key), 'x-api-key': key })
  }
  for (let i = 0; i < 8; i++) await post(WRONG_KEY)
  assert.equal((await post(WRONG_KEY)).status, 429)
  const socket = await openSocket(service.port)
  socket.write(`GET /docs HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${KEYS[1].repeat(2000)}\r\n\r\n`)
  assert.equal((await readAnswer(socket)).status, 431)
  socket.destroy()

  const line = await service.logged(({ status }) => status === 401)
  assert.equal(line.code, 'ASR_API_KEY')
  await service.logged(({ status }) => status === 429)
  const log = JSON.stringify(service.logLines)
  assert.match(log, /a defect/)
  for (const secret of [...KEYS, WRONG_KEY, 'api_key']) assert.equal(log.includes(secret), false, secret)
})

test('a single key of API_KEY locks the service, and those of API_KEYS count beside it', async (t) => {
  for (const [env, known] of [
    [{ API_KEY: 'the-only-key' }, ['the-only-key']],
    [{ API_KEY: 'one-more-key', API_KEYS: KEYS.join() }, [...KEYS, 'one-more-key']],
  ] as const) {
    const { get } = await start(t, env)
    assert.equal((await get('/openapi.json')).status, 401)
    for (const key of known) assert.equal((await get('/openapi.json', bearer(key))).status, 200, key)
  }
})

test('the keys do not stay in the environment, which engines inherit', async (t) => {
  const { env } = process
  t.after(() => {
    process.env = env
  })
  const keys = { API_KEYS: KEYS.join(), API_KEY: 'one-more-key' }
  process.env = { ...env, ...keys, LOG_LEVEL: 'silent', TEMP_DIR: tempFolder(t) }
  await serve({ host: '127.0.0.1', port: '0' }, AbortSignal.abort())
  for (const name of Object.keys(keys)) assert.equal(name in process.env, false, name)
})

test('beyond the limit a caller is told how long to wait, and health is answered all the same', async (t) => {
  const { get } = await start(t, { RATE_LIMIT: '3' })
  for (const [path, status] of [
    ['/openapi.json', 200],
    ['/nothing', 404],
    ['/openapi.json', 200],
  ] as const) {
    const response = await get(path)
    assert.equal(response.status, status)
    assert.equal(response.headers.get('x-ratelimit-limit'), '3')
  }
  for (const path of ['/openapi.json', '/nothing']) {
    const response = await get(path)
    assert.equal(response.status, 429)
    const seconds = Number(response.headers.get('retry-after'))
    assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60)
    assert.equal(response.headers.get('x-ratelimit-remaining'), '0')
    assert.deepEqual(await response.json(), {
      detail: `More than the allowed 3 requests a minute were sent: wait ${seconds} seconds, then send the request again.`,
    })
  }
  const { error } = (await (await get('/v1/models')).json()) as { error: { type: string; code: string } }
  assert.deepEqual([error.type, error.code], ['rate_limit_error', 'rate_limit_exceeded'])
  const health = await get('/health')
  assert.deepEqual([health.status, health.headers.get('x-ratelimit-limit')], [200, null])
})

test('without a limit none is spoken of', async (t) => {
  const { get } = await start(t, {})
  for (let i = 0; i < 50; i++) assert.equal((await get('/nothing')).headers.get('x-ratelimit-limit'), null)
})

test('each key has a count of its own, and guessing keys uses up that of the address', async (t) => {
  const { get } = await withKeys(t, { RATE_LIMIT: '3' })
  const statuses = async (headers: (i: number) => Record<string, string>) => {
    const answers = []
    for (let i = 0; i < 4; i++) answers.push((await get(i % 2 ? '/nothing' : '/openapi.json', headers(i))).status)
    return answers
  }
  assert.deepEqual(await statuses((i) => (i === 0 ? {} : bearer(`${WRONG_KEY}-${i}`))), [401, 401, 401, 429])
  for (const key of KEYS) assert.deepEqual(await statuses(() => bearer(key)), [200, 404, 200, 429])
})

test('X-Forwarded-For is believed where the proxy is trusted, and only its own part of it', async (t) => {
  for (const trusted of ['1', '127.0.0.1', '10.0.0.0/8, 127.0.0.0/8']) {
    const { get } = await start(t, { RATE_LIMIT: '1', TRUST_PROXY: trusted })
    const from = async (addresses: string) => (await get('/openapi.json', { 'x-forwarded-for': addresses })).status
    assert.equal(await from('192.0.2.1'), 200)
    assert.equal(await from('192.0.2.1'), 429)
    assert.equal(await from('192.0.2.2'), 200)
    assert.equal(await from('198.51.100.7, 192.0.2.1'), 429) // what the client itself has forged
    assert.equal(await from('2001:db8::1'), 200)
    assert.equal(await from('2001:db8::2'), 429) // of the same network
    assert.equal(await from('2001:db8:0:1::2'), 200)
  }
})

test('X-Forwarded-For of anybody else is nothing', async (t) => {
  for (const trusted of ['0', '10.0.0.0/8']) {
    const { service, get } = await start(t, { RATE_LIMIT: '1', TRUST_PROXY: trusted })
    const from = async (addresses: string) => (await get('/openapi.json', { 'x-forwarded-for': addresses })).status
    assert.equal(await from('192.0.2.1'), 200)
    assert.equal(await from('192.0.2.2'), 429)
    await service.logged(({ status }) => status === 429)
    assert.doesNotMatch(JSON.stringify(service.logLines), /192\.0\.2\.|127\.0\.0\.1(?!:)/)
  }
})
