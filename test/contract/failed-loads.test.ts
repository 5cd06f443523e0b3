/** A model that cannot be made ready is not tried for each request, and the working one never notices. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { warmUpRecording } from '../../src/engine/preload.ts'
import { errorOf, holdWeights, isForWeights, model } from '../helpers/rigs/models-rig.ts'
import { smallDisk } from '../helpers/rigs/small-disk.ts'
import { detailOf, swapRig } from '../helpers/rigs/swap-rig.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { skipped } from '../helpers/skip.ts'
import { until } from '../helpers/until.ts'

test('a model that the hub does not give is answered at once until the next try, and the working model never notices', async (t) => {
  const { transcribe, assertWorking, states, entryOf, hub, ask, clock, service } = await swapRig(t)
  hub.intercept = (request) => (isForWeights(hub, request) ? { status: 404 } : undefined)
  const failed = await transcribe('hosted')
  assert.equal(failed.status, 500)
  const sentence =
    "Model 'hosted' could not be loaded (The hub lists file 'model.safetensors' of repository 'somebody/tiny', but does not have it): try again later, or choose another revision or repository."
  assert.deepEqual(await failed.json(), { detail: `Erro no processamento de áudio: ${sentence}` })
  assert.equal(failed.headers.get('retry-after'), '5')
  assert.deepEqual(await states(), ['mine loaded', 'hosted failed'])
  const { failure, retry_at, requests } = await entryOf('hosted')
  assert.deepEqual(
    { failure, retry_at, requests },
    { failure: sentence, retry_at: new Date(clock.now() + 5000).toISOString(), requests: 0 },
  )
  assert.equal(model(await ask('GET', '/v1/models/hosted')).state, 'not downloaded')
  await assertWorking()

  hub.requests.length = 0
  clock.advance(2_000)
  const again = await transcribe('hosted')
  assert.equal(again.status, 500)
  assert.equal(await detailOf(again), `Erro no processamento de áudio: ${sentence}`)
  assert.equal(again.headers.get('retry-after'), '3')
  const form = new FormData()
  form.set('model', 'whisper-1')
  form.set('file', new Blob([new Uint8Array(warmUpRecording())]), 'sound.wav')
  const openAi = await fetch(`${service.baseUrl}/v1/audio/transcriptions`, { method: 'POST', body: form })
  assert.equal(openAi.status, 503)
  assert.equal(openAi.headers.get('retry-after'), '3')
  assert.equal(((await openAi.json()) as { error: { code: string } }).error.code, 'model_load_failed')
  assert.deepEqual(hub.requests, [], 'nobody has asked the hub again')

  clock.advance(3_000)
  const third = await transcribe('hosted')
  assert.equal(third.headers.get('retry-after'), '10', 'it has been tried, and failed again')
  assert.ok(hub.requests.length > 0)
  await assertWorking()

  hub.intercept = () => undefined
  clock.advance(10_000)
  assert.equal((await transcribe('hosted')).status, 200)
  assert.deepEqual(await states(), ['hosted loaded'])
})

test('an explicit load, a download and a deletion have the model tried again at once', async (t) => {
  const { transcribe, hub, ask, states } = await swapRig(t)
  const fail = async () => {
    hub.intercept = (request) => (isForWeights(hub, request) ? { status: 404 } : undefined)
    assert.equal((await transcribe('hosted')).headers.get('retry-after'), '5')
    hub.intercept = () => undefined
    assert.deepEqual(await states(), ['mine loaded', 'hosted failed'])
  }
  await fail()
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 200) // what the broken-off download has left
  assert.deepEqual(await states(), ['mine loaded'])
  await fail()
  assert.equal((await ask('POST', '/v1/models/somebody/tiny')).status, 200) // the same files by another name
  assert.deepEqual(await states(), ['mine loaded'])
  assert.equal((await ask('DELETE', '/v1/models/hosted')).status, 200)
  await fail()
  assert.equal((await ask('POST', '/api/ps/hosted')).status, 201)
})

test("failures that are the caller's do not count", async (t) => {
  const { transcribe, states, hub, pool, ask } = await swapRig(t)
  assert.equal((await transcribe('nobody-knows-it')).status, 400)
  const held = holdWeights(hub)
  const leaving = new AbortController()
  const left = assert.rejects(transcribe('hosted', leaving.signal), { name: 'AbortError' })
  await held.begun
  leaving.abort()
  await left
  await until(() => pool.engines().length === 1)
  assert.deepEqual(await states(), ['mine loaded'])
  held.release()
  assert.equal((await ask('POST', '/api/ps/hosted')).status, 201)
})

test('a preparation whose process is killed says so, and the next try has another', async (t) => {
  const { transcribe, assertWorking, hub, pool, clock } = await swapRig(t)
  const asked = Promise.withResolvers<void>()
  hub.intercept = async () => {
    asked.resolve()
    return await new Promise(() => {})
  }
  const failed = transcribe('hosted')
  await asked.promise
  process.kill(pool.engines()[1]!.pid!, 'SIGKILL')
  assert.match(await detailOf(await failed), /The process of model 'hosted' ended unexpectedly \(SIGKILL\)/)
  await assertWorking()
  hub.intercept = () => undefined
  clock.advance(5_000)
  assert.equal((await transcribe('hosted')).status, 200)
})

test('a disk that is full in the second shard leaves no shard that is taken for whole', async (t) => {
  const folder = tempFolder(t)
  const hubCache = join(folder, 'hub')
  // Small files and the first shard fit, the second does not.
  const disk = smallDisk(hubCache, 'size=3m')
  if (!disk) return t.skip(skipped('machine', 'mounting a small disk needs root'))
  using _ = disk
  const { transcribe, assertWorking, states, ask, clock } = await swapRig(t, { HF_HUB_CACHE: hubCache })
  const id = 'somebody/sharded'
  const failed = await transcribe(id)
  assert.equal(failed.status, 500)
  assert.equal(failed.headers.get('retry-after'), '5')
  assert.match(
    await detailOf(failed),
    /: Model 'somebody\/sharded' could not be loaded \(The disk is full, so repository 'somebody\/sharded' could not be written\): free disk space/,
  )
  await assertWorking()
  assert.deepEqual(await states(), ['mine loaded', `${id} failed`])
  const explicit = await ask('POST', `/api/ps/${id}`)
  assert.equal(explicit.status, 503)
  assert.match(errorOf(explicit).message, /The disk is full/)
  await assertWorking()
  const shards = readdirSync(join(hubCache, 'models--somebody--sharded'), { recursive: true }).map(String)
  assert.ok(
    shards.some((name) => /snapshots.*00001-of-00002/.test(name)),
    'the first shard is whole',
  )
  assert.ok(!shards.some((name) => /snapshots.*00002-of-00002|incomplete$/.test(name)), shards.join())
  assert.equal(model(await ask('GET', `/v1/models/${id}`)).state, 'not downloaded')

  execFileSync('mount', ['-o', 'remount,size=64m', hubCache])
  assert.equal((await transcribe(id)).status, 500, 'not before the pause is over')
  clock.advance(5_000)
  assert.equal((await transcribe(id)).status, 200)
  assert.deepEqual(await states(), [`${id} loaded`])
})

test('a disk that is full while a model is compiled leaves nothing in the compiled cache', async (t) => {
  const folder = tempFolder(t)
  const cacheDir = join(folder, 'own')
  const disk = smallDisk(cacheDir, 'size=64m')
  if (!disk) return t.skip(skipped('machine', 'mounting a small disk needs root'))
  using _ = disk
  const { transcribe, assertWorking, states, clock, pool } = await swapRig(t, { PARADOX_CACHE_DIR: cacheDir })
  const before = readdirSync(join(cacheDir, 'compiled'))
  const used = Number(/(\d+)/.exec(execFileSync('df', ['--output=used', '-k', cacheDir]).toString())![1])
  execFileSync('mount', ['-o', `remount,size=${used + 500}k`, cacheDir])
  const failed = await transcribe('hosted')
  assert.match(await detailOf(failed), /could not be loaded \(The disk is full, so the compiled model/)
  await assertWorking()
  assert.deepEqual(await states(), ['mine loaded', 'hosted failed'])
  assert.deepEqual(readdirSync(join(cacheDir, 'compiled')), before)

  execFileSync('mount', ['-o', 'remount,size=128m', cacheDir])
  clock.advance(5_000)
  assert.equal((await transcribe('hosted')).status, 200)
  assert.equal(pool.activeModel(), 'hosted')
})
