/** `POST /v1/models/{id}`: downloads from a hub on this machine. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  errorOf,
  holdWeights,
  isForWeights,
  type Model,
  model,
  modelsRig,
  REPO,
  WEIGHTS,
  weightRequests,
} from '../helpers/rigs/models-rig.ts'
import { until } from '../helpers/until.ts'

test('a download tells its progress by events, and ends with the model', async (t) => {
  const { events, ask } = await modelsRig(t)
  const told = await Array.fromAsync(events('/v1/models/hosted'))
  assert.equal(told.at(-1), '[DONE]')
  const done = told.at(-2) as { type: string; model: Model }
  assert.equal(done.type, 'model.download.done')
  assert.deepEqual(done.model, (await ask('GET', '/v1/models/hosted')).body)
  assert.equal(done.model.state, 'cached')

  const progress = told.slice(0, -2) as Record<string, unknown>[]
  assert.ok(progress.length > 3)
  for (const event of progress) {
    assert.deepEqual(Object.keys(event), ['type', 'file', 'done_bytes', 'total_bytes'])
    assert.equal(event.type, 'model.download.progress')
  }
  const last = progress.at(-1)!
  assert.equal(last.file, WEIGHTS)
  assert.equal(last.done_bytes, last.total_bytes)
})

test('a download that fails is answered with why, by its status or in the stream', async (t) => {
  const { ask, events, service } = await modelsRig(t)
  const missing = await ask('POST', '/v1/models/somebody/nothing')
  assert.equal(missing.status, 404)
  assert.equal(errorOf(missing).code, 'hub_not_found')

  const weightless = await ask('POST', '/v1/models/somebody/weightless')
  assert.equal(weightless.status, 400)
  assert.equal(errorOf(weightless).code, 'checkpoint_file_missing')
  const foreign = await ask('POST', '/v1/models/somebody/flax')
  assert.equal(foreign.status, 500)
  assert.equal(errorOf(foreign).code, 'checkpoint_unsupported')

  const told = await Array.fromAsync(events('/v1/models/somebody/nothing'))
  assert.deepEqual(told, [missing.body, '[DONE]'])
  assert.equal(
    (await service.logged(({ route, status }) => route === '/v1/models/*' && status === 200)).code,
    'ASR_HUB_NOT_FOUND',
  )
})

test('two who download the same model share one download, and who comes later learns how far it is', async (t) => {
  const { events, hub, ask } = await modelsRig(t)
  const held = holdWeights(hub)
  const first = events('/v1/models/hosted')
  await first.next()
  await held.begun
  const second = events('/v1/models/hosted')
  const { value } = await second.next()
  assert.equal((value as Record<string, unknown>).type, 'model.download.progress')
  const third = ask('POST', '/v1/models/whisper-1')
  held.release()
  for (const told of await Promise.all([Array.fromAsync(first), Array.fromAsync(second)])) {
    assert.equal(told.at(-1), '[DONE]')
    assert.equal((told.at(-2) as Record<string, unknown>).type, 'model.download.done')
  }
  assert.equal((await third).status, 200)
  assert.equal(weightRequests(hub), 1)
})

test('a client that goes away ends its download, unless somebody else waits for it', async (t) => {
  const { events, hub, ask, service } = await modelsRig(t)
  let isStalled = true
  hub.intercept = (request) => (isStalled && isForWeights(hub, request) ? { stallAfterBytes: 1000 } : undefined)
  const leaving = new AbortController()
  const left = events('/v1/models/hosted', leaving.signal)
  await left.next()
  await until(() => weightRequests(hub) === 1)
  for (const id of ['hosted', REPO, `${REPO}@v1`]) {
    assert.equal((await ask('DELETE', `/v1/models/${id}`)).status, 409, 'what is being downloaded is not deleted')
  }
  leaving.abort()
  await service.logged(({ route, status }) => route === '/v1/models/*' && status === 499)
  await assert.rejects(Array.fromAsync(left), { name: 'AbortError' })

  // Nobody waits for it, so the next begins a download of its own, where the first has ended.
  isStalled = false
  assert.equal(model(await ask('POST', '/v1/models/hosted')).state, 'cached')
  assert.equal(weightRequests(hub), 2)
  await ask('DELETE', '/v1/models/hosted')

  const held = holdWeights(hub)
  const leavingToo = new AbortController()
  const leftToo = events('/v1/models/hosted', leavingToo.signal)
  await leftToo.next()
  const staying = ask('POST', '/v1/models/hosted')
  await held.begun
  leavingToo.abort()
  await assert.rejects(Array.fromAsync(leftToo), { name: 'AbortError' })
  held.release()
  assert.equal((await staying).status, 200)
})

test('a service that shuts down says so in the stream of a download', async (t) => {
  const { events, hub, service } = await modelsRig(t, { SHUTDOWN_TIMEOUT_SECONDS: '0' })
  hub.intercept = (request) => (isForWeights(hub, request) ? { stallAfterBytes: 1000 } : undefined)
  const download = events('/v1/models/hosted')
  await download.next()
  await until(() => weightRequests(hub) === 1)
  const closed = service.close()
  const told = await Array.fromAsync(download)
  await closed
  assert.equal(told.at(-1), '[DONE]')
  assert.equal((told.at(-2) as { error: { code: string } }).error.code, 'service_closing')
})
