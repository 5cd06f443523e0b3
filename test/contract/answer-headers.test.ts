/** What browsers and operators read beside the answer: security headers, CORS, the id of the request. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'

const ORIGIN = 'https://app.example.org'
const FILE = { name: 'file', fileName: 'a.wav', content: 'bom dia' }

async function start(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber, env })
  t.after(() => service.close())
  const send = (method: string, path: string, headers: Record<string, string> = {}) =>
    fetch(new URL(path, service.baseUrl), { method, headers })
  const transcribe = (headers: Record<string, string> = {}) =>
    fetch(`${service.baseUrl}/transcribe`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE, ...headers },
      body: form(FILE),
    })
  return { service, transcriber, send, transcribe }
}

/** What a browser asks before a page of `origin` may send a recording. */
const preflight = (origin: string, requested = 'authorization,content-type,x-stainless-os') => ({
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': requested,
})

function corsHeaders({ headers }: Response): string[] {
  return [...headers.keys()].filter((name) => name.startsWith('access-control-')).sort()
}

test('every answer forbids browsers to guess its type, to frame it, and to load anything for it', async (t) => {
  const { send, transcribe } = await start(t, { RATE_LIMIT: '4' })
  const answers = [await transcribe(), await send('GET', '/nothing'), await send('GET', '/transcribe')]
  answers.push(await send('POST', '/transcribe'), await send('GET', '/openapi.json'), await send('GET', '/health'))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 405, 400, 429, 200],
  )
  for (const { headers } of answers) {
    assert.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'")
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('strict-transport-security'), null) // it would lock browsers out of plain http
    assert.equal(headers.get('content-type'), 'application/json')
  }
})

test('the page of the description keeps a policy with which it works', async (t) => {
  const { send } = await start(t)
  for (const path of ['/docs', '/docs/static/swagger-initializer.js']) {
    const { headers } = await send('GET', path)
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'self'/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
  }
})

test('without CORS_ORIGINS no answer speaks of other origins', async (t) => {
  const { send, transcribe } = await start(t)
  const answers = [await transcribe({ origin: ORIGIN }), await send('OPTIONS', '/transcribe', preflight(ORIGIN))]
  for (const response of answers) assert.deepEqual([corsHeaders(response), response.headers.get('vary')], [[], null])
  assert.equal(answers[1]!.status, 405)
})

test('pages of a chosen origin may send recordings with a key, and read answers, refusals and their headers', async (t) => {
  const env = { CORS_ORIGINS: `https://other.example.org,${ORIGIN}`, API_KEYS: 'a-key-for-tests', RATE_LIMIT: '2' }
  const { send, transcribe } = await start(t, env)
  for (const path of ['/transcribe', '/v1/audio/transcriptions']) {
    const leave = await send('OPTIONS', path, preflight(ORIGIN))
    assert.equal(leave.status, 204) // though a preflight has no key
    assert.equal(leave.headers.get('access-control-allow-origin'), ORIGIN)
    assert.equal(leave.headers.get('access-control-allow-headers'), 'authorization,content-type,x-stainless-os')
    assert.match(leave.headers.get('access-control-allow-methods') ?? '', /POST.*DELETE/)
    assert.equal(leave.headers.get('access-control-allow-credentials'), null)
  }
  const headers = { origin: ORIGIN, authorization: 'Bearer a-key-for-tests' }
  const answers = [await transcribe(headers), await transcribe({ origin: ORIGIN })]
  answers.push(await send('GET', '/nothing', headers), await send('GET', '/openapi.json', headers))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 401, 404, 429],
  )
  for (const { headers } of answers) {
    assert.equal(headers.get('access-control-allow-origin'), ORIGIN)
    const exposed = headers.get('access-control-expose-headers') ?? ''
    for (const name of ['x-request-id', 'retry-after', 'x-ratelimit-remaining']) assert.ok(exposed.includes(name))
    assert.match(headers.get('vary') ?? '', /\borigin\b/i)
  }
})

test('pages of any other origin get no leave', async (t) => {
  const { send, transcribe } = await start(t, { CORS_ORIGINS: ORIGIN })
  for (const origin of [`${ORIGIN}.evil.example`, 'http://app.example.org', `${ORIGIN}:8443`, 'null', '*']) {
    assert.deepEqual(corsHeaders(await transcribe({ origin })), [], origin)
    const refused = await send('OPTIONS', '/transcribe', preflight(origin))
    assert.deepEqual([refused.status, corsHeaders(refused)], [405, []], origin)
  }
  assert.equal((await send('OPTIONS', '/nothing', preflight('null'))).status, 404)
  assert.deepEqual(corsHeaders(await transcribe()), []) // no browser
})

test('* lets pages of any origin in, without credentials', async (t) => {
  const { send, transcribe } = await start(t, { CORS_ORIGINS: '*' })
  for (const response of [
    await transcribe({ origin: ORIGIN }),
    await send('OPTIONS', '/transcribe', preflight('null')),
  ]) {
    assert.ok(response.ok)
    assert.equal(response.headers.get('access-control-allow-origin'), '*')
    assert.equal(response.headers.get('access-control-allow-credentials'), null)
  }
})

test('the id of a request is in its answer and its log line, whatever the answer is', async (t) => {
  const { service, transcriber, send, transcribe } = await start(t, { API_KEYS: 'a-key-for-tests' })
  const key = { authorization: 'Bearer a-key-for-tests' }
  const answers = [await transcribe(key), await send('GET', '/health'), await send('GET', '/nothing', key)]
  answers.push(await send('GET', '/nothing'), await send('POST', '/transcribe', key))
  transcriber.script = () => Promise.reject(new Error('a defect'))
  answers.push(await transcribe(key))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 404, 401, 400, 500],
  )
  const ids = answers.map(({ headers }) => headers.get('x-request-id'))
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) {
    assert.match(id ?? '', /^[\da-f-]{36}$/)
    await service.logged(({ msg, requestId }) => msg === 'request finished' && requestId === id)
  }
  assert.match((await send('GET', '/%zz')).headers.get('x-request-id') ?? '', /^[\da-f-]{36}$/)
})

test("a caller's own id is taken over where it is plain", async (t) => {
  const { service, send } = await start(t)
  const idFor = async (given: string) =>
    (await send('GET', '/nothing', { 'x-request-id': given })).headers.get('x-request-id')
  for (const given of ['req_A-1.b', 'x', 'y'.repeat(128)]) {
    assert.equal(await idFor(given), given)
    await service.logged(({ requestId }) => requestId === given)
  }
  for (const given of ['', 'two words', 'a"b', 'é', '<script>', 'y'.repeat(129), 'a, b']) {
    assert.match((await idFor(given)) ?? '', /^[\da-f-]{36}$/, given)
  }
})
