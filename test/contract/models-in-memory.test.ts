/** `/api/ps`: models loaded and unloaded on demand, in real engines. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { errorOf, model, modelsRig } from '../helpers/rigs/models-rig.ts'
import { openSocket } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'
import { until } from '../helpers/until.ts'

test('a model is loaded and unloaded on demand, whatever body or type the request has', async (t) => {
  const { ask, pool } = await modelsRig(t)
  assert.deepEqual(await ask('GET', '/api/ps'), { status: 200, body: { models: [] } })

  const loaded = await ask('POST', '/api/ps/whisper-1', { headers: { 'content-type': 'application/json' } })
  assert.equal(loaded.status, 201)
  const { body } = await ask('GET', '/api/ps')
  const [engine, ...others] = body.models as Record<string, unknown>[]
  assert.deepEqual(others, [])
  assert.deepEqual(Object.keys(engine!), [
    'id',
    'state',
    'stage',
    'fraction',
    'resident_bytes',
    'device',
    'device_bytes',
    'requests',
    'loaded_at',
    'last_used_at',
    'load_seconds',
    'expires_at',
    'failure',
    'retry_at',
  ])
  assert.equal(engine!.id, 'hosted')
  assert.equal(engine!.state, 'loaded')
  assert.equal(engine!.requests, 0)
  assert.ok((engine!.resident_bytes as number) > 1e6)
  assert.ok((engine!.load_seconds as number) > 0)
  assert.equal(engine!.loaded_at, new Date(pool.engines()[0]!.loadedAt!).toISOString())
  assert.equal(engine!.expires_at, null)
  assert.equal(model(await ask('GET', '/v1/models/hosted')).state, 'loaded')
  assert.deepEqual(await ask('GET', '/health'), { status: 200, body: { status: 'ok', active_model: 'hosted' } })
  const details = await ask('GET', '/health/details')
  assert.deepEqual(
    [details.body.status, details.body.active_model, (details.body.models as { id: string }[]).map(({ id }) => id)],
    ['ok', 'hosted', ['hosted']],
  )
  assert.ok((details.body.models as { resident_bytes: number }[])[0]!.resident_bytes > 1e6)

  for (const init of [
    {},
    { body: '' },
    { body: '{"keep_alive":5}' },
    { body: 'x', headers: { 'content-type': 'text/plain' } },
    { headers: { 'content-type': 'none of these' } },
  ]) {
    assert.equal((await ask('POST', '/api/ps/hosted', init)).status, 200, JSON.stringify(init))
  }

  assert.deepEqual(await ask('DELETE', '/api/ps/whisper-1'), { status: 200, body: { id: 'hosted', unloaded: true } })
  assert.deepEqual(pool.engines(), [])
  const again = await ask('DELETE', '/api/ps/hosted')
  assert.equal(again.status, 404)
  assert.match(errorOf(again).message, /^Model 'hosted' is not loaded: /)
})

test('a load that fails is a 503 with the reason, and a client that leaves does not stop a load', async (t) => {
  const { ask, pool, service } = await modelsRig(t)
  const failed = await ask('POST', '/api/ps/somebody/nothing')
  assert.equal(failed.status, 503)
  assert.match(errorOf(failed).message, /^Model 'somebody\/nothing' could not be loaded \(The hub has no/)

  const socket = await openSocket(service.port)
  socket.write('POST /api/ps/mine HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n')
  await until(() => pool.engines().length > 0)
  socket.destroy()
  await once(socket, 'close')
  await until(() => pool.engines()[0]?.state === 'loaded')
})

test('a caller waits for one load at a time, and all callers for sixteen', async (t) => {
  const ended = Promise.withResolvers<void>()
  let nAsked = 0
  const transcriber = scriptedTranscriber()
  transcriber.load = async () => {
    nAsked++
    await ended.promise
  }
  const service = await startService({ transcriber, env: { TRUST_PROXY: '1' } })
  t.after(() => service.close())
  const load = async (id: string, address: string) => {
    const headers = { 'x-forwarded-for': address }
    const response = await fetch(`${service.baseUrl}/api/ps/${id}`, { method: 'POST', headers })
    const { error } = (await response.json()) as { error?: { message: string; code: string } }
    return { status: response.status, retryAfter: response.headers.get('retry-after'), ...error }
  }
  const first = load('base', '192.0.2.0')
  await until(() => nAsked === 1)
  const refused = await load('freds0', '192.0.2.0')
  assert.deepEqual([refused.status, refused.code, refused.retryAfter], [429, 'model_work_limit', '10'])
  assert.match(refused.message!, /^This caller has as many loads under way as allowed: /)

  const others = Array.from({ length: 15 }, (_, i) => load('base', `192.0.2.${i + 1}`))
  await until(() => nAsked === 16)
  assert.match((await load('base', '192.0.2.99')).message!, /^All callers together have as many loads under way/)
  ended.resolve()
  for (const { status } of await Promise.all([first, ...others])) assert.equal(status, 201)
  assert.equal((await load('freds0', '192.0.2.0')).status, 201)
})
