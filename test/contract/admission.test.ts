/** The line before the models, over HTTP: who is refused, who is let go, who joins whom. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { spokenSegment, transcriptionOf as transcriptionOfSegments } from '../helpers/builders/transcriptions.ts'
import { heldScript, scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { FORM_TYPE, form, openSocket, readAnswer } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'
import { until } from '../helpers/until.ts'

const FILE = { name: 'file', fileName: 'nota.ogg', content: 'bom dia' }
const PATH = '/v1/audio/transcriptions'

async function newService(t: TestContext, env: NodeJS.ProcessEnv) {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber, env: { DEFAULT_MODEL_ID: 'base', ...env } })
  t.after(() => service.close())
  const post = (init: RequestInit = {}, path = PATH, content = FILE.content) =>
    fetch(`${service.baseUrl}${path}`, {
      method: 'POST',
      ...init,
      headers: { 'content-type': FORM_TYPE, ...init.headers },
      body: form({ ...FILE, content }),
    })
  const limits = async () =>
    (await (await fetch(`${service.baseUrl}/v1/limits`)).json()) as { running: number; waiting: number }
  /** Resolves when so many are running and waiting. */
  const becomes = async (running: number, waiting: number) => {
    await until(async () => {
      const state = await limits()
      return state.running === running && state.waiting === waiting
    }, `${running} running and ${waiting} waiting`)
  }
  return { transcriber, service, post, limits, becomes }
}

test('beyond the places and the line requests are refused with a time to wait, in the form of their route', async (t) => {
  const { transcriber, post, becomes } = await newService(t, { MAX_CONCURRENCY: '1', MAX_QUEUE: '1' })
  const held = heldScript()
  transcriber.script = held.script
  const first = post()
  await held.started
  const second = post()
  await becomes(1, 1)

  const refused = await post()
  assert.equal(refused.status, 429)
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
  const { error } = (await refused.json()) as { error: { code: string; type: string } }
  assert.deepEqual([error.code, error.type], ['queue_full', 'rate_limit_error'])
  const detail = (await (await post({}, '/transcribe')).json()) as { detail: string }
  assert.match(detail.detail, /^The service is busy: 1 request is waiting already: wait \d+ seconds/)

  held.finish()
  assert.deepEqual([(await first).status, (await second).status], [200, 200])
  await becomes(0, 0)
})

test('a request that finds the line full is refused before its body is sent', async (t) => {
  const { transcriber, service, post } = await newService(t, { MAX_CONCURRENCY: '1', MAX_QUEUE: '0' })
  const held = heldScript()
  transcriber.script = held.script
  const first = post()
  await held.started
  const socket = await openSocket(service.port)
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: 1000000\r\nexpect: 100-continue\r\n\r\n`,
  )
  const answer = await readAnswer(socket)
  assert.equal(answer.status, 429)
  socket.destroy()
  held.finish()
  assert.equal((await first).status, 200)
})

test('an upload waits in the line, and gives its stand up when it breaks off', async (t) => {
  const { service, becomes } = await newService(t, { MAX_CONCURRENCY: '1', MAX_QUEUE: '1' })
  const socket = await openSocket(service.port)
  const body = form(FILE)
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n`,
  )
  socket.write(body.subarray(0, body.length - 20))
  await becomes(0, 1)
  socket.destroy()
  await becomes(0, 0)
  await service.emptied()
})

test('a caller that fills the line with uploads that do not end keeps no other from being served', async (t) => {
  const keys = ['key-of-the-slow-one', 'key-of-another'] as const
  const env = { MAX_CONCURRENCY: '1', MAX_QUEUE: '4', API_KEYS: keys.join(',') }
  const { service, post } = await newService(t, env)
  const body = form(FILE)
  const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(service.port)))
  for (const socket of sockets) {
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${keys[0]}\r\ncontent-type: ${FORM_TYPE}\r\n`)
    socket.write(`content-length: ${body.length}\r\n\r\n`)
    socket.write(body.subarray(0, body.length - 20))
  }
  await service.uploadsBecome((names) => names.length === 5)
  const statuses = await Promise.all(keys.map(async (key) => (await post({ headers: { 'x-api-key': key } })).status))
  assert.deepEqual(statuses, [429, 200])
  assert.equal((await fetch(`${service.baseUrl}/readyz`)).status, 200)
  for (const socket of sockets) socket.destroy()
})

test('connections beyond MAX_CONNECTIONS are closed at once, which the log says', async (t) => {
  const { service } = await newService(t, { MAX_CONNECTIONS: '2' })
  const open = [await openSocket(service.port), await openSocket(service.port)]
  const refused = await openSocket(service.port)
  const line = await service.logged(({ msg }) => /^refused a connection/.test(msg ?? ''))
  assert.equal(line.maxConnections, 2)
  await assert.rejects(readAnswer(refused))
  refused.destroy()
  open[0]!.destroy()
  await until(async () => (await fetch(`${service.baseUrl}/livez`).catch(() => undefined))?.status === 200)
  open[1]!.destroy()
})

test('a client that goes away frees its place, whether it waits or is worked on', async (t) => {
  const { transcriber, post, becomes, service } = await newService(t, { MAX_CONCURRENCY: '1', MAX_QUEUE: '5' })
  const held = heldScript()
  transcriber.script = held.script
  const [running, waiting] = [new AbortController(), new AbortController()]
  const one = post({ signal: running.signal })
  await held.started
  const two = post({ signal: waiting.signal })
  await becomes(1, 1)
  waiting.abort()
  await assert.rejects(two)
  await becomes(1, 0)
  running.abort()
  await assert.rejects(one)
  await becomes(0, 0)
  await service.emptied()
})

test('after REQUEST_TIMEOUT a request is given up, and its client told not to try again', async (t) => {
  const { transcriber, post, becomes, service } = await newService(t, { REQUEST_TIMEOUT: '1' })
  transcriber.script = heldScript().script
  const answer = await post({ headers: { 'idempotency-key': 'k' } })
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('x-should-retry'), 'false')
  const { error } = (await answer.json()) as { error: { code: string; message: string } }
  assert.equal(error.code, 'request_timeout')
  assert.match(error.message, /after the allowed 1 seconds/)
  await becomes(0, 0)
  await service.emptied()
})

const attempt = (n: number, others: Record<string, string> = {}) => ({
  headers: { 'x-stainless-retry-count': String(n), ...others },
})

test("a retry of OpenAI's client joins what its first attempt has begun, and gets its result", async (t) => {
  const { transcriber, post, becomes, service } = await newService(t, {})
  const held = heldScript()
  transcriber.script = held.script
  const client = new AbortController()
  const lost = post({ ...attempt(0), signal: client.signal })
  await held.started
  client.abort()
  await assert.rejects(lost)
  await becomes(0, 0) // the place is free, though the work goes on

  const retry = post(attempt(1))
  await service.logged(({ msg }) => msg === 'a retry joins the work that is running')
  held.finish()
  const answer = await retry
  assert.deepEqual([answer.status, ((await answer.json()) as { text: string }).text], [200, 'held until now'])
  assert.equal(transcriber.requests.length, 1)
  await service.emptied()
})

test('a streamed retry gets what was said before it came', async (t) => {
  const { transcriber, service, becomes } = await newService(t, {})
  const held = heldScript()
  const { segments } = transcriptionOfSegments([spokenSegment(' Bom dia.')])
  transcriber.script = async (request) => {
    request.onSegments?.(segments)
    return await held.script(request)
  }
  const send = (n: number, signal?: AbortSignal) =>
    fetch(`${service.baseUrl}${PATH}`, {
      method: 'POST',
      headers: { 'content-type': FORM_TYPE, 'x-stainless-retry-count': String(n) },
      body: form({ name: 'stream', content: 'true' }, FILE),
      ...(signal && { signal }),
    })
  const client = new AbortController()
  const lost = send(0, client.signal)
  await held.started
  client.abort()
  await assert.rejects(lost)
  await becomes(0, 0)
  const retry = send(1)
  await service.logged(({ msg }) => msg === 'a retry joins the work that is running')
  held.finish()
  const body = await (await retry).text()
  assert.match(body, /"transcript\.text\.delta","delta":"Bom dia\."/)
  assert.match(body, /"transcript\.text\.done","text":"held until now"/)
  assert.equal(transcriber.requests.length, 1)
})

test('a client that leaves long before its timeout has changed its mind: its work ends at once', async (t) => {
  const { transcriber, post, becomes } = await newService(t, {})
  const held = heldScript()
  transcriber.script = held.script
  const client = new AbortController()
  const lost = post({ ...attempt(0, { 'x-stainless-timeout': '600' }), signal: client.signal })
  const { signal } = await held.started
  client.abort()
  await assert.rejects(lost)
  await becomes(0, 0)
  assert.ok(signal.aborted)
})

test('what differs in file, fields or key does not join', async (t) => {
  const { transcriber, post } = await newService(t, {})
  const held = heldScript()
  transcriber.script = held.script
  const first = post(attempt(0, { 'idempotency-key': 'one' }))
  await held.started
  transcriber.script = async () => transcriptionOf('its own')
  const texts = [
    await post(attempt(1, { 'idempotency-key': 'two' })),
    await post(attempt(1, { 'idempotency-key': 'one' }), PATH, 'another recording'),
    await post(attempt(1, { 'idempotency-key': 'one' }), '/v1/audio/translations'),
    await post(attempt(1)),
  ].map(async (answer) => ((await answer.json()) as { text: string }).text)
  assert.deepEqual(await Promise.all(texts), ['its own', 'its own', 'its own', 'its own'])
  const same = post(attempt(0, { 'idempotency-key': 'one' }))
  held.finish()
  for (const answer of [await first, await same]) {
    assert.equal(((await answer.json()) as { text: string }).text, 'held until now')
  }
  assert.equal(transcriber.requests.length, 5)
})

test('two clients that ask the same for the first time are two requests', async (t) => {
  const { transcriber, post } = await newService(t, {})
  await Promise.all([post(attempt(0)), post(attempt(0))])
  assert.equal(transcriber.requests.length, 2)
})

test('GET /v1/limits tells what may be sent', async (t) => {
  const { service } = await newService(t, {
    MAX_UPLOAD_MB: '25',
    MAX_AUDIO_SECONDS: '3600',
    REQUEST_TIMEOUT: '90',
    RATE_LIMIT: '1000',
    MAX_CONCURRENCY: '3',
    MAX_QUEUE: '7',
  })
  assert.deepEqual(await (await fetch(`${service.baseUrl}/v1/limits`)).json(), {
    object: 'limits',
    max_upload_bytes: 25 * 1024 ** 2,
    max_audio_seconds: 3600,
    request_timeout_seconds: 90,
    requests_per_minute: 1000,
    max_concurrency: 3,
    max_queue: 7,
    running: 0,
    waiting: 0,
  })
})
