/** Traces, as a real receiver of OTLP gets them; and that nothing of them is loaded where nobody wants them. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, type TestContext, test } from 'node:test'
import { QueueFullError } from '../../src/errors/index.ts'
import { startOtlpReceiver } from '../helpers/fakes/otlp-receiver.ts'
import { heldScript, scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const CALLER_ID = 'b7ad6b7169203331'
const SERVER = 2
const ERROR = 2

/** The exporter reads the process's own environment; the tests of this file run one after the other. */
function setEnvironment(env: Readonly<Record<string, string>>): void {
  Object.assign(process.env, env)
}
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name]
})

function post({ baseUrl }: RunningService, signal = new AbortController().signal): Promise<Response> {
  const body = form(
    { name: 'model_id', content: 'base' },
    { name: 'file', fileName: 'segredo.wav', content: 'bom dia' },
  )
  const headers = { 'content-type': FORM_TYPE, traceparent: `00-${TRACE_ID}-${CALLER_ID}-01` }
  return fetch(`${baseUrl}/transcribe?api_key=segredo`, { method: 'POST', headers, body, signal })
}

test('a request is a span of its caller’s trace, its wait and its transcription are spans below it', async (t) => {
  const receiver = await startOtlpReceiver(t)
  setEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_SERVICE_NAME: 'asr-in-a-test',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  })
  const transcriber = scriptedTranscriber()
  transcriber.script = async ({ onStarted, onTiming }) => {
    onStarted?.()
    onTiming?.({ decodeSeconds: 1, steps: 10, windowSteps: 25 })
    return transcriptionOf('bom dia', 7.5)
  }
  const service = await startService({ transcriber })
  await fetch(`${service.baseUrl}/health`)
  assert.equal((await post(service)).status, 200)
  const line = await service.logged(({ route }) => route === '/transcribe')
  assert.equal(line.traceId, TRACE_ID)
  await service.close()

  const [request, queue, work] = ['POST /transcribe', 'queue', 'transcribe'].map((name) =>
    receiver.spans.find((span) => span.name === name),
  )
  assert.equal(receiver.spans.length, 3, 'none of the health check')
  assert.ok(request && queue && work)
  assert.equal(request.kind, SERVER)
  assert.equal(request.parentSpanId, CALLER_ID)
  assert.equal(request.attributes['http.response.status_code'], 200)
  assert.equal(request.attributes['http.route'], '/transcribe')
  assert.equal(request.attributes['url.path'], '/transcribe')
  assert.equal(request.attributes['paradox.request_id'], line.requestId)
  for (const span of receiver.spans) assert.equal(span.traceId, TRACE_ID)
  for (const span of [queue, work]) {
    assert.equal(span.parentSpanId, request.spanId)
    assert.equal(span.attributes['paradox.model'], 'base')
  }
  assert.equal(work.attributes['paradox.audio_seconds'], 7.5)
  assert.equal(work.attributes['paradox.windows'], 1)
  assert.equal(work.attributes['paradox.batch_fill'], 2.5)
  assert.equal(request.resource['service.name'], 'asr-in-a-test')
  assert.equal(request.resource['deployment.environment.name'], 'test')
  for (const body of receiver.bodies) assert.ok(!body.includes('segredo'), 'neither queries nor names of files')
})

test('a client that goes away is a span of status 499, and what it was waiting for an aborted one', async (t) => {
  const receiver = await startOtlpReceiver(t)
  setEnvironment({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` })
  const transcriber = scriptedTranscriber()
  const { script, started } = heldScript()
  transcriber.script = script
  const service = await startService({ transcriber })
  const leaving = new AbortController()
  const left = assert.rejects(post(service, leaving.signal))
  await started
  leaving.abort()
  await left
  await service.logged(({ status }) => status === 499)
  await service.close()

  const request = receiver.spans.find(({ name }) => name === 'POST /transcribe')
  const queue = receiver.spans.find(({ name }) => name === 'queue')
  assert.equal(request?.attributes['http.response.status_code'], 499)
  assert.equal(queue?.attributes['error.type'], 'AbortError')
  assert.equal(request?.resource['service.name'], 'paradox-asr')
})

test('a failure has its code in the spans', async (t) => {
  const receiver = await startOtlpReceiver(t)
  setEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
  const transcriber = scriptedTranscriber()
  transcriber.script = () => Promise.reject(new QueueFullError(64, 5))
  const service = await startService({ transcriber })
  assert.equal((await post(service)).status, 429)
  transcriber.script = () => Promise.reject(new Error('a defect'))
  assert.equal((await post(service)).status, 500)
  await service.close()

  const [busy, defect] = receiver.spans.filter(({ name }) => name === 'POST /transcribe')
  assert.equal(busy?.attributes['error.type'], 'ASR_QUEUE_FULL')
  assert.notEqual(busy?.status, ERROR, 'it is the caller who sent too much')
  assert.equal(defect?.status, ERROR)
})

test('a collector that takes nothing is told to the log and does not keep the service from ending', async (t) => {
  const collector = createServer(() => {}).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.after(() => collector.close().closeAllConnections())
  setEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
  })
  const service = await startService({ transcriber: scriptedTranscriber() })
  assert.equal((await post(service)).status, 200)
  await service.close()

  setEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_EXPORTER_OTLP_TIMEOUT: '100',
    OTEL_BSP_SCHEDULE_DELAY: '10',
  })
  const other = await startService({ transcriber: scriptedTranscriber() })
  assert.equal((await post(other)).status, 200)
  const line = await other.logged(({ msg }) => msg === 'OpenTelemetry has a problem')
  assert.equal(line.level, 40)
  assert.equal(line.what, 'connect ECONNREFUSED 127.0.0.1:1')
  await other.close()
})

const SCRIPTED_SERVICE = join(import.meta.dirname, '../helpers/fakes/scripted-service.ts')
const PRINT_LOADED = join(import.meta.dirname, '../helpers/rigs/print-loaded.ts')

/** Addresses of everything that a service loads from its start until it has ended. */
async function loadedByService(t: TestContext, env: Readonly<Record<string, string>>): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', PRINT_LOADED, SCRIPTED_SERVICE], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const loaded = text(child.stderr)
  const exited = once(child, 'exit')
  const [port] = (await Promise.race([once(child.stdout, 'data'), exited])) as [Buffer | number]
  await (await fetch(`http://127.0.0.1:${Number(port.toString())}/metrics`)).text()
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
  return (await loaded).split('\n')
}

/** The API alone does nothing; the package of the metrics asks it for the active trace. */
const isTracing = (url: string) => /\/@opentelemetry\/(?!api\/)/.test(url) || url.endsWith('/otlp-tracing.ts')

test('nothing that makes traces is loaded unless the variables ask for them', async (t) => {
  const endpoint = 'http://127.0.0.1:1'
  const loaded = await loadedByService(t, {})
  assert.ok(loaded.some((url) => url.endsWith('/src/http/server.ts')))
  assert.deepEqual(loaded.filter(isTracing), [])
  for (const [name, value] of [
    ['OTEL_SDK_DISABLED', 'true'],
    ['OTEL_TRACES_EXPORTER', 'none'],
  ] as const) {
    const switchedOff = await loadedByService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, [name]: value })
    assert.deepEqual(switchedOff.filter(isTracing), [], name)
  }
  const wanted = await loadedByService(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  assert.ok(wanted.some((url) => url.includes('/@opentelemetry/sdk-trace-node/')))
})
