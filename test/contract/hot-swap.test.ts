/** A model that has to be downloaded or compiled is made ready beside the one that works: real engines and a real hub. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { holdWeights, isForWeights, model, weightRequests } from '../helpers/rigs/models-rig.ts'
import { openSocket } from '../helpers/rigs/raw-http.ts'
import { preparing, swapRig } from '../helpers/rigs/swap-rig.ts'
import { never } from '../helpers/rigs/tiny-engines.ts'
import { until } from '../helpers/until.ts'

test('a model is downloaded and compiled while the loaded one goes on answering, and only then takes its place', async (t) => {
  const { transcribe, assertWorking, states, entryOf, hub, pool, ask } = await swapRig(t)
  const held = holdWeights(hub)
  const waiting = [transcribe('hosted'), transcribe('hosted')]
  await held.begun
  await until(() => pool.engines()[1]?.progress?.stage === 'download' && pool.engines()[1]?.nRequests === 2)
  await assertWorking()
  assert.deepEqual(await states(), ['mine loaded', 'hosted preparing'])
  const { stage, fraction, requests, resident_bytes, load_seconds } = await entryOf('hosted')
  assert.deepEqual({ stage, requests, load_seconds }, { stage: 'download', requests: 2, load_seconds: null })
  assert.ok((fraction as number) > 0 && (fraction as number) < 1)
  assert.ok((resident_bytes as number) > 1e6)
  assert.equal(model(await ask('GET', '/v1/models/hosted')).state, 'loading')
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 409)
  assert.equal((await ask('DELETE', '/api/ps/hosted')).status, 409)

  held.release()
  for (const response of waiting) assert.equal((await response).status, 200)
  assert.deepEqual(await states(), ['hosted loaded'])
  assert.equal((await entryOf('hosted')).stage, null)
  assert.equal(weightRequests(hub), 1)
})

test('requests that wait for a download keep no place in the service from others', async (t) => {
  const { transcribe, assertWorking, hub, ask } = await swapRig(t, { MAX_CONCURRENCY: '1' })
  const held = holdWeights(hub)
  const waiting = transcribe('hosted')
  await held.begun
  await assertWorking()
  const { running, waiting: inLine } = (await ask('GET', '/v1/limits')).body
  assert.deepEqual({ running, inLine }, { running: 0, inLine: 1 })
  held.release()
  assert.equal((await waiting).status, 200)
})

test('a preparation is given up when the last who waits for it leaves, and its download goes on from there', async (t) => {
  const { transcribe, assertWorking, states, hub, pool, service } = await swapRig(t)
  hub.intercept = (request) => (isForWeights(hub, request) ? { stallAfterBytes: 2_000_000 } : undefined)
  const leaving = [new AbortController(), new AbortController()] as const
  const left = leaving.map(({ signal }) => assert.rejects(transcribe('hosted', signal), { name: 'AbortError' }))
  await until(() => pool.engines()[1]?.nRequests === 2 && (pool.engines()[1]?.progress?.fraction ?? 0) > 0.4)
  leaving[0].abort()
  await service.logged(({ status }) => status === 499)
  await until(() => pool.engines()[1]!.nRequests === 1)
  assert.equal(preparing().length, 1)
  leaving[1].abort()
  await Promise.all(left)
  await until(() => preparing().length === 0)
  assert.deepEqual(await states(), ['mine loaded'])
  await assertWorking()

  hub.intercept = () => undefined
  hub.requests.length = 0
  assert.equal((await transcribe('hosted')).status, 200)
  const resumed = hub.requests.find((request) => isForWeights(hub, request))!
  assert.match(resumed.headers.range ?? '', /^bytes=[1-9]\d{5,}-$/)
})

test('one model is prepared at a time', async (t) => {
  const { transcribe, entryOf, hub, pool } = await swapRig(t)
  const held = holdWeights(hub)
  const first = transcribe('hosted')
  await held.begun
  const second = transcribe('somebody/other')
  await until(() => pool.engines().length === 3)
  const { state, stage, resident_bytes } = await entryOf('somebody/other')
  assert.deepEqual({ state, stage, resident_bytes }, { state: 'preparing', stage: null, resident_bytes: null })
  assert.equal(preparing().length, 1)
  held.release()
  assert.deepEqual([(await first).status, (await second).status], [200, 200])
})

test('an explicit load goes on when its client has left; deleting it gives it up', async (t) => {
  const { states, hub, pool, service, ask, entryOf } = await swapRig(t)
  const loadAndLeave = async () => {
    const held = holdWeights(hub)
    const socket = await openSocket(service.port)
    socket.write('POST /api/ps/hosted HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n')
    await held.begun
    socket.destroy()
    await once(socket, 'close')
    await until(() => pool.engines()[1]?.nRequests === 0)
    assert.deepEqual(await states(), ['mine loaded', 'hosted preparing'])
    return held
  }
  await loadAndLeave()
  assert.equal((await ask('DELETE', '/api/ps/hosted')).status, 200)
  assert.deepEqual(await states(), ['mine loaded'])
  assert.deepEqual(preparing(), [])

  const held = await loadAndLeave()
  held.release()
  await until(() => pool.engines()[0]?.state === 'loaded' && pool.engines()[0]?.modelId === 'hosted')
  assert.equal((await entryOf('hosted')).requests, 0)
})

test('of loads whose callers have left, few go on', async (t) => {
  const { pool, hub } = await swapRig(t)
  const held = holdWeights(hub)
  const inPreparation = () => pool.engines().flatMap(({ modelId, state }) => (state === 'preparing' ? [modelId] : []))
  const ids = ['hosted', ...Array.from({ length: 9 }, (_, i) => `somebody/model-${i}`)]
  const callers = ids.map(() => new AbortController())
  const left = ids.map((id, i) => assert.rejects(pool.load(id, callers[i]!.signal), { name: 'AbortError' }))
  await until(() => inPreparation().length === ids.length)
  for (const caller of callers) caller.abort()
  await Promise.all(left)
  await until(() => inPreparation().length === 4)
  assert.deepEqual(inPreparation(), ids.slice(-4))
  held.release()
})

test('closing ends a preparation, and tells those who wait', async (t) => {
  const { pool, hub } = await swapRig(t)
  const held = holdWeights(hub)
  const refused = assert.rejects(pool.load('hosted', never), { code: 'ASR_SERVICE_CLOSING' })
  await held.begun
  await pool.close(0)
  await refused
  assert.deepEqual(preparing(), [])
  await assert.rejects(pool.load('hosted', never), { code: 'ASR_SERVICE_CLOSING' })
})

test('a model that is ready costs no process and no second question to the hub', async (t) => {
  // Also where the precision is chosen by what was measured.
  for (const DTYPE of ['float32', 'auto']) {
    const { pool, hub } = await swapRig(t, { DTYPE })
    await pool.load('hosted', never)
    await pool.load('mine', never)
    hub.requests.length = 0
    await pool.load('hosted', never)
    // The commit and its files, asked by the service; a process that prepares or loads would ask again.
    assert.equal(hub.requests.length, 2)
  }
})
