/** `GET /livez` and `GET /readyz`: who may be restarted, and who gets requests. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heldScript, scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import { parseExposition, sampleValue } from '../helpers/judges/exposition.ts'
import { FORM_TYPE, form, openSocket, readAnswer } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'

test('a service with nothing against it is alive and ready, at once', async (t) => {
  const service = await startService({ transcriber: scriptedTranscriber() })
  t.after(() => service.close())
  for (const [path, status] of [
    ['/livez', 'ok'],
    ['/readyz', 'ready'],
  ] as const) {
    const response = await fetch(service.baseUrl + path)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'application/json')
    assert.equal(await response.text(), JSON.stringify({ status }))
  }
})

test('readiness follows what it is told, with every reason, and the metrics say the same; life does not', async (t) => {
  const reasons: (string | undefined)[] = ['model base is being loaded', undefined, 'the queue is full']
  const readiness = reasons.map((_, i) => () => reasons[i])
  const service = await startService({ transcriber: scriptedTranscriber(), readiness })
  t.after(() => service.close())
  const ready = async () =>
    sampleValue(parseExposition(await (await fetch(`${service.baseUrl}/metrics`)).text()), 'paradox_ready')

  const before = await fetch(`${service.baseUrl}/readyz`)
  assert.equal(before.status, 503)
  assert.equal(
    await before.text(),
    '{"status":"not ready","reasons":["model base is being loaded","the queue is full"]}',
  )
  assert.equal(await ready(), 0)
  assert.equal((await fetch(`${service.baseUrl}/livez`)).status, 200)

  reasons.fill(undefined)
  assert.equal((await fetch(`${service.baseUrl}/readyz`)).status, 200)
  assert.equal(await ready(), 1)
})

test('a service with a model that gives no sign of life is not ready', async (t) => {
  const transcriber = { ...scriptedTranscriber(), hasSilentEngine: () => true }
  const service = await startService({ transcriber })
  t.after(() => service.close())
  const response = await fetch(`${service.baseUrl}/readyz`)
  assert.equal(response.status, 503)
  assert.equal(await response.text(), '{"status":"not ready","reasons":["A model does not answer."]}')
})

test('a service that shuts down is not ready any more', async () => {
  const transcriber = scriptedTranscriber()
  const { script, started, finish } = heldScript()
  transcriber.script = script
  const service = await startService({ transcriber })
  const socket = await openSocket(service.port)
  socket.write('GET /readyz HTTP/1.1\r\n') // under way, though its head has not ended
  const other = fetch(`${service.baseUrl}/transcribe`, {
    method: 'POST',
    headers: { 'content-type': FORM_TYPE },
    body: form({ name: 'file', fileName: 'a.wav', content: 'oi' }),
  })
  await started

  const closed = service.close()
  await service.logged(({ msg }) => msg === 'shutting down')
  socket.write('host: a\r\n\r\n')
  assert.equal((await readAnswer(socket)).status, 503)
  socket.destroy()
  finish()
  assert.equal((await other).status, 200)
  await closed
})

test('probes and scrapes leave no lines in the log, unless they fail', async (t) => {
  let reason: string | undefined
  const service = await startService({ transcriber: scriptedTranscriber(), readiness: [() => reason] })
  t.after(() => service.close())
  for (const path of ['/health', '/health/details', '/livez', '/readyz', '/metrics']) {
    await fetch(service.baseUrl + path)
    const line = await service.logged(({ route }) => route === path)
    assert.equal(line.level, 20, path)
  }
  reason = 'the queue is full'
  await fetch(`${service.baseUrl}/readyz`)
  assert.equal((await service.logged(({ status }) => status === 503)).level, 30)
})
