/** Who may call and how often, over real sockets. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

// ── pages of strangers ──────────────────────────────────────────────────────────────────────────────────────────────

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'
const EVIL = 'http://evil.example'

/** A request by hand, since fetch chooses some of these headers itself. `port` in a header stands for the service's own. */
async function requestOf(service: RunningService, method: string, path: string, headers: Record<string, string>) {
  const socket = await openSocket(service.port)
  const lines = Object.entries({ host: '127.0.0.1:port', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}content-length: 0\r\n\r\n`
  socket.write(head.replaceAll(':port', `:${service.port}`))
  const answer = await readAnswer(socket)
  socket.destroy()
  return answer
}

const ACTS = [
  ['POST', '/transcribe'],
  ['POST', '/v1/audio/transcriptions'],
  ['POST', '/v1/audio/translations'],
  ['POST', '/asr'],
  ['POST', '/detect-language'],
  ['POST', '/inference'],
  ['POST', '/v1/models/nobody'],
  ['DELETE', '/v1/models/nobody'],
  ['POST', '/api/ps/nobody'],
  ['DELETE', '/api/ps/nobody'],
] as const
const READS = [
  ['GET', '/v1/models'],
  ['GET', '/api/ps'],
  ['GET', '/metrics'],
  ['GET', '/health/details'],
] as const
const OPEN = [
  ['GET', '/'],
  ['GET', '/health'],
  ['GET', '/livez'],
  ['GET', '/readyz'],
] as const

type Rule = 'ASR_FOREIGN_ORIGIN' | 'ASR_HOST_UNKNOWN' | undefined
interface Sender {
  readonly who: string
  readonly headers: Record<string, string>
  /** Which rule refuses its requests that act, that read, and those of what is open to everybody. */
  readonly acts: Rule
  readonly reads?: Rule
  readonly open?: Rule
  /** Without any key alone: a page of a stranger has none. */
  readonly withoutKeys?: true
}

const SENDERS: readonly Sender[] = [
  { who: 'a program', headers: {}, acts: undefined },
  { who: 'a program under the name of a service', headers: { host: 'paradox:8000' }, acts: undefined },
  { who: 'a program of Node', headers: { host: 'paradox:8000', 'sec-fetch-mode': 'cors' }, acts: undefined },
  {
    who: 'the page, by its address',
    headers: { origin: 'http://127.0.0.1:port', 'sec-fetch-site': 'same-origin', 'user-agent': BROWSER },
    acts: undefined,
  },
  {
    who: 'the page on this machine, in a browser that tells its origin alone',
    headers: { host: 'localhost:port', origin: 'http://localhost:port', 'user-agent': BROWSER },
    acts: undefined,
  },
  { who: 'a bookmark', headers: { host: 'localhost:port', 'sec-fetch-site': 'none' }, acts: undefined },
  ...[
    { origin: EVIL, 'sec-fetch-site': 'cross-site' },
    { origin: EVIL },
    { origin: 'null' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://127.0.0.1:3000', 'sec-fetch-site': 'same-site' },
    { origin: 'http://localhost:port', 'sec-fetch-site': 'cross-site' },
  ].map((headers) => ({
    who: 'a page of another origin',
    headers,
    acts: 'ASR_FOREIGN_ORIGIN' as const,
    reads: 'ASR_FOREIGN_ORIGIN' as const,
  })),
  {
    who: 'a page whose name leads here',
    headers: { host: 'evil.example:8000', origin: 'http://evil.example:8000', 'user-agent': BROWSER },
    acts: 'ASR_HOST_UNKNOWN',
    reads: 'ASR_HOST_UNKNOWN',
    open: 'ASR_HOST_UNKNOWN',
    withoutKeys: true,
  },
  {
    who: 'the same, which tells nothing with a GET',
    headers: { host: 'evil.example:8000', 'user-agent': BROWSER },
    acts: undefined,
    reads: 'ASR_HOST_UNKNOWN',
    open: 'ASR_HOST_UNKNOWN',
    withoutKeys: true,
  },
  {
    who: 'the same, over https',
    headers: { host: 'evil.example', 'sec-fetch-site': 'same-origin' },
    acts: 'ASR_HOST_UNKNOWN',
    reads: 'ASR_HOST_UNKNOWN',
    open: 'ASR_HOST_UNKNOWN',
    withoutKeys: true,
  },
]

for (const hasKeys of [false, true]) {
  test(`what pages of strangers may do of a service ${hasKeys ? 'with' : 'without'} keys: origin × site × host × route`, async (t) => {
    const { service } = await (hasKeys ? withKeys(t) : start(t, {}))
    for (const { who, headers, acts, reads, open, withoutKeys } of SENDERS) {
      for (const [rule, routes] of [
        [acts, ACTS],
        [reads, READS],
        [open, OPEN],
      ] as const) {
        const expected = withoutKeys && hasKeys ? undefined : rule
        for (const [method, path] of routes) {
          const key = hasKeys ? bearer(KEYS[0]) : {}
          const { status, body } = await requestOf(service, method, path, { ...headers, ...key })
          const what = `${who} ${JSON.stringify(headers)}: ${method} ${path}: ${status} ${body}`
          assert.equal(status === 403, expected !== undefined, what)
          if (expected === 'ASR_FOREIGN_ORIGIN')
            assert.match(body, /from a page of another origin.*: set CORS_ORIGINS/, what)
          if (expected === 'ASR_HOST_UNKNOWN') assert.match(body, /set ALLOWED_HOSTS=evil\.example or API_KEYS/, what)
        }
      }
    }
  })
}

test('a page of a stranger is refused in the form of the route, and a person under an unknown name in plain words', async (t) => {
  const { service } = await start(t, {})
  const foreign = { origin: EVIL, 'sec-fetch-site': 'cross-site' }
  const sentence =
    'The request comes from a page of another origin (http://evil.example): set CORS_ORIGINS to the origins whose pages may call the service.'
  const bodyOf = async (path: string) => JSON.parse((await requestOf(service, 'POST', path, foreign)).body)
  assert.deepEqual(await bodyOf('/transcribe'), { detail: sentence })
  assert.deepEqual(await bodyOf('/inference'), { error: sentence })
  assert.deepEqual(await bodyOf('/v1/models/nobody'), {
    error: { message: sentence, type: 'invalid_request_error', param: null, code: 'foreign_origin' },
  })
  const page = await requestOf(service, 'GET', '/', { host: 'asr.example.com', 'user-agent': BROWSER })
  assert.deepEqual([page.status, page.headers['content-type']], [403, 'text/plain; charset=utf-8'])
  assert.equal(
    page.body,
    "A browser may not use this service under the name 'asr.example.com', since it has no API key: set ALLOWED_HOSTS=asr.example.com or API_KEYS where the service is started, or open it by its IP address.\n",
  )
  const line = await service.logged(({ status, route }) => status === 403 && route === '/')
  assert.equal(line.code, 'ASR_HOST_UNKNOWN')
})

test('a link on another page may lead to the service', async (t) => {
  const { service } = await start(t, {})
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  for (const path of ['/', '/docs/', '/v1/models']) {
    assert.notEqual((await requestOf(service, 'GET', path, link)).status, 403, path)
  }
  for (const dest of ['iframe', 'image', 'empty']) {
    assert.equal((await requestOf(service, 'GET', '/v1/models', { ...link, 'sec-fetch-dest': dest })).status, 403, dest)
  }
  assert.equal((await requestOf(service, 'POST', '/v1/models/nobody', link)).status, 403)
})

test('behind a proxy the page works under its public name: with keys, or where ALLOWED_HOSTS has it', async (t) => {
  const [host, origin] = ['asr.example.com', 'https://asr.example.com']
  const status = async (env: NodeJS.ProcessEnv, headers: Record<string, string>, method = 'POST') => {
    const { service } = await start(t, env)
    const key = env.API_KEYS === undefined ? {} : bearer(KEYS[0])
    return (await requestOf(service, method, '/transcribe', { ...headers, ...key })).status
  }
  const [named, keyed] = [{ ALLOWED_HOSTS: 'other.example, ASR.example.com' }, { API_KEYS: KEYS.join() }]
  const site = { 'sec-fetch-site': 'same-origin' }
  const forwarded = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-host': host }
  for (const env of [named, keyed]) {
    assert.equal(await status(env, { host, origin, ...site }), 400) // no form: it came as far as the route
    assert.equal(await status(env, { host, origin }), 400)
    assert.equal(await status(env, { host: '127.0.0.1:port', origin, ...site }), 400, 'a proxy that changes Host')
    assert.equal(await status({ ...env, TRUST_PROXY: '1' }, { host: 'paradox:8000', origin, ...forwarded }), 400)
  }
  assert.equal(await status({}, { host, origin, ...site }), 403)
  assert.equal(await status(keyed, { host: 'paradox:8000', origin, ...forwarded }), 403, 'a proxy that is not trusted')
  const forged = { host: 'evil.example', 'x-forwarded-host': 'localhost', 'user-agent': BROWSER }
  assert.equal(await status({ TRUST_PROXY: '10.0.0.0/8' }, { ...forged, 'x-forwarded-for': '192.0.2.1' }, 'GET'), 403)
})

test('a page of CORS_ORIGINS may call under any name, and so may an extension that is named there', async (t) => {
  for (const origin of ['https://app.example.org', 'chrome-extension://abcdefgh']) {
    const { service } = await start(t, { CORS_ORIGINS: origin })
    const headers = { host: 'asr.example.com', origin, 'sec-fetch-site': 'cross-site', 'user-agent': BROWSER }
    assert.equal((await requestOf(service, 'POST', '/transcribe', headers)).status, 400)
    const asked = { ...headers, 'access-control-request-method': 'POST' }
    const leave = await requestOf(service, 'OPTIONS', '/transcribe', asked)
    assert.equal(leave.headers['access-control-allow-origin'], origin)
    assert.equal((await requestOf(service, 'POST', '/transcribe', { ...headers, origin: EVIL })).status, 403)
  }
})

// ── two kinds of keys, files of keys, guesses ───────────────────────────────────────────────────────────────────────

const ADMIN_KEY = 'a-key-of-the-operator'
const ADMIN_ROUTES = [
  ['POST', '/v1/models/nobody'],
  ['DELETE', '/v1/models/nobody'],
  ['DELETE', '/api/ps/nobody'],
] as const

test('with ADMIN_API_KEYS other keys neither download, delete nor unload, and do all else', async (t) => {
  const { get } = await withKeys(t, { ADMIN_API_KEYS: ADMIN_KEY })
  for (const [method, path] of ADMIN_ROUTES) {
    const refused = await get(path, bearer(KEYS[0]), method)
    assert.equal(refused.status, 403, `${method} ${path}`)
    const { error } = (await refused.json()) as { error: { message: string; code: string } }
    assert.equal(error.code, 'admin_key')
    assert.match(error.message, /does not permit downloading, deleting and unloading of models: send one of the keys/)
    assert.equal((await get(path, {}, method)).status, 401)
    assert.equal((await get(path, bearer(ADMIN_KEY), method)).status, 404, 'the model is unknown')
  }
  assert.equal((await get('/api/ps/nobody', bearer(KEYS[0]), 'POST')).status, 404)
  for (const key of [KEYS[0], ADMIN_KEY]) assert.equal((await get('/v1/models', bearer(key))).status, 200)
})

test('ADMIN_API_KEYS alone leave the service open, but for the models', async (t) => {
  const { get } = await start(t, { ADMIN_API_KEYS: ADMIN_KEY })
  for (const headers of [{}, bearer('sk-of-some-client')]) {
    for (let i = 0; i < 12; i++) assert.equal((await get('/openapi.json', headers)).status, 200)
    for (const [method, path] of ADMIN_ROUTES) assert.equal((await get(path, headers, method)).status, 401)
  }
  for (const [method, path] of ADMIN_ROUTES) assert.equal((await get(path, bearer(ADMIN_KEY), method)).status, 404)
})

test('keys may stand in files, one a line', async (t) => {
  const folder = tempFolder(t)
  const [keys, adminKeys] = [join(folder, 'keys'), join(folder, 'admin-keys')]
  writeFileSync(keys, `\uFEFF# of the team\r\n${KEYS[0]}\r\n\n  ${KEYS[1]}  \n`)
  writeFileSync(adminKeys, ADMIN_KEY)
  const { get } = await start(t, { API_KEYS_FILE: keys, ADMIN_API_KEYS_FILE: adminKeys })
  assert.equal((await get('/v1/models')).status, 401)
  for (const key of [...KEYS, ADMIN_KEY]) assert.equal((await get('/v1/models', bearer(key))).status, 200)
  assert.equal((await get('/v1/models', bearer('# of the team'))).status, 401)
  assert.equal((await get('/v1/models/nobody', bearer(KEYS[0]), 'DELETE')).status, 403)
})

test('ten wrong keys in a minute, and an address has to wait, but for keys that it has used before', async (t) => {
  const { service, get } = await withKeys(t, { TRUST_PROXY: '1' })
  const from = (address: string, headers: Record<string, string>) =>
    get('/openapi.json', { 'x-forwarded-for': address, ...headers })
  const [guesser, other] = ['192.0.2.1', '192.0.2.2']
  assert.equal((await from(guesser, bearer(KEYS[0]))).status, 200)
  for (let i = 0; i < 10; i++) assert.equal((await from(guesser, bearer(`${WRONG_KEY}-${i}`))).status, 401)
  const refused = await from(guesser, bearer(WRONG_KEY))
  assert.equal(refused.status, 429)
  const seconds = Number(refused.headers.get('retry-after'))
  assert.ok(seconds >= 1 && seconds <= 60)
  assert.equal((await from(guesser, bearer(KEYS[1]))).status, 429, 'the guess that is right')
  assert.equal((await from(guesser, bearer(KEYS[0]))).status, 200)
  assert.equal((await from(guesser, {})).status, 401, 'nothing was tried')
  assert.equal((await from(other, bearer(KEYS[1]))).status, 200)
  assert.equal((await service.logged(({ status }) => status === 429)).code, 'ASR_WRONG_KEYS')
})

test('the start says who can reach a service without keys, and which keys can be guessed', async (t) => {
  const warnings = async (env: NodeJS.ProcessEnv) => {
    const { service } = await start(t, env)
    return service.logLines.filter(({ level }) => level === 40)
  }
  const [open] = await warnings({ HOST: '0.0.0.0' })
  assert.match(String(open?.msg), /no API key is set.*set API_KEYS, or HOST=127\.0\.0\.1/)
  assert.ok(Array.isArray(open?.reachable))
  assert.deepEqual(await warnings({ HOST: '127.0.0.1' }), [])
  assert.deepEqual(await warnings({ HOST: '0.0.0.0', API_KEYS: 'k'.repeat(16) }), [])
  const [short] = await warnings({ API_KEYS: 'k'.repeat(16), ADMIN_API_KEYS: 'k'.repeat(15) })
  assert.deepEqual([short?.nShortKeys, /can be guessed/.test(String(short?.msg))], [1, true])
})

test('strangers learn from the probe whether the service is ready, not why', async (t) => {
  const reasons = "Model 'x' could not be loaded (Repository 'owner/name' is not in the cache)."
  for (const [env, told] of [
    [{}, [reasons]],
    [{ API_KEYS: KEYS.join() }, []],
  ] as const) {
    const service = await startService({ transcriber: scriptedTranscriber(), env, readiness: [() => reasons] })
    t.after(() => service.close())
    const answer = await fetch(`${service.baseUrl}/readyz`)
    assert.deepEqual([answer.status, await answer.json()], [503, { status: 'not ready', reasons: told }])
    const known = await fetch(`${service.baseUrl}/readyz`, { headers: bearer(KEYS[0]) })
    assert.deepEqual(await known.json(), { status: 'not ready', reasons: [reasons] })
  }
})

test('what a caller calls a model is cut in the log', async (t) => {
  const { service, get } = await start(t, {})
  await get(`/v1/models/${'m'.repeat(5000)}`)
  const { modelId } = await service.logged(({ route }) => route === '/v1/models/*')
  assert.equal(modelId, `${'m'.repeat(100)}…`)
})
