/** `GET /metrics` as Prometheus sees it, and what moves its numbers. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { AudioUnreadableError } from '../../src/errors/index.ts'
import { ServiceMetrics } from '../../src/http/index.ts'
import {
  heldScript,
  type Script,
  type ScriptedTranscriber,
  scriptedTranscriber,
  transcriptionOf,
} from '../helpers/fakes/scripted-transcriber.ts'
import { type Family, parseExposition, sampleValue } from '../helpers/judges/exposition.ts'
import { FORM_TYPE, form } from '../helpers/rigs/raw-http.ts'
import { type RunningService, startService } from '../helpers/rigs/service.ts'
import { skipped } from '../helpers/skip.ts'

interface Measured {
  readonly service: RunningService
  readonly transcriber: ScriptedTranscriber
  readonly metrics: ServiceMetrics
}

async function measuredService(t: TestContext): Promise<Measured> {
  const transcriber = scriptedTranscriber()
  const metrics = new ServiceMetrics()
  const service = await startService({ transcriber, metrics })
  t.after(() => service.close())
  return { service, transcriber, metrics }
}

async function scrape({ service }: Measured): Promise<Map<string, Family>> {
  const response = await fetch(`${service.baseUrl}/metrics`)
  assert.equal(response.status, 200)
  return parseExposition(await response.text())
}

function post({ service }: Measured, modelId = 'base', signal = new AbortController().signal): Promise<Response> {
  const body = form({ name: 'model_id', content: modelId }, { name: 'file', fileName: 'nota.wav', content: 'bom dia' })
  const headers = { 'content-type': FORM_TYPE }
  return fetch(`${service.baseUrl}/transcribe`, { method: 'POST', headers, body, signal })
}

/** An engine that decodes four windows in 40 steps, of which another request shares 20. */
const measuredScript: Script = async ({ onStarted, onTiming }) => {
  onStarted?.()
  onTiming?.({ decodeSeconds: 4, steps: 40, windowSteps: 60 })
  const { statistics, ...transcription } = transcriptionOf('bom dia', 60)
  const guards = { contextRepeats: 1, temperatureRetries: 2, coverageRetries: 3 }
  return { ...transcription, statistics: { ...statistics, windows: 4, ...guards } }
}

test('the answer follows the text format to the letter, and its content type says so', async (t) => {
  const measured = await measuredService(t)
  measured.transcriber.script = measuredScript
  await post(measured)
  const response = await fetch(`${measured.service.baseUrl}/metrics`)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const families = parseExposition(await response.text())
  for (const name of ['paradox_ready', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
    assert.equal(families.get(name)?.type, 'gauge', name)
  }
})

test("Prometheus's own tool finds no fault with our metrics", async (t) => {
  const found = spawnSync('promtool', ['--version'])
  if (found.error) return t.skip(skipped('machine', 'promtool is not on this machine'))
  const measured = await measuredService(t)
  measured.transcriber.script = measuredScript
  await post(measured)
  const text = await (await fetch(`${measured.service.baseUrl}/metrics`)).text()
  const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  const faults = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('paradox_') || /error/i.test(line))
  assert.deepEqual(faults, [])
})

test('answers of 200, 400, 499 and 500 are counted by route, model and status', async (t) => {
  const measured = await measuredService(t)
  const { service, transcriber } = measured
  const finished = (status: number) =>
    service.logged((line) => line.msg === 'request finished' && line.status === status)

  assert.equal((await post(measured)).status, 200)
  await finished(200)
  assert.equal((await post(measured, 'nobody-has-this')).status, 400)
  await finished(400)
  const { script, started } = heldScript()
  transcriber.script = script
  const leaving = new AbortController()
  const left = assert.rejects(post(measured, 'base', leaving.signal))
  await started
  leaving.abort()
  await left
  await finished(499)
  transcriber.script = () => Promise.reject(new AudioUnreadableError('no audio stream'))
  assert.equal((await post(measured, 'freds0')).status, 500)
  await finished(500)
  assert.equal((await fetch(`${service.baseUrl}/no/such/route`)).status, 404)
  await finished(404)

  const families = await scrape(measured)
  const count = (labels: Record<string, string>) => sampleValue(families, 'paradox_requests_total', labels)
  const route = '/transcribe'
  assert.equal(count({ route, model: 'base', status: '200' }), 1)
  assert.equal(count({ route, model: '(unknown)', status: '400' }), 1)
  assert.equal(count({ route, model: 'base', status: '499' }), 1)
  assert.equal(count({ route, model: 'freds0', status: '500' }), 1)
  assert.equal(count({ route: '(none)', model: '(none)', status: '404' }), 1)
  assert.equal(count({ route }), 4)
  assert.equal(sampleValue(families, 'paradox_request_duration_seconds_count', { route }), 4)
  assert.equal(sampleValue(families, 'paradox_requests_in_progress'), 1, 'the scrape itself')
})

test('what a transcription took and gave is counted for its model', async (t) => {
  const measured = await measuredService(t)
  measured.transcriber.script = measuredScript
  assert.equal((await post(measured)).status, 200)
  assert.equal((await post(measured)).status, 200)

  const families = await scrape(measured)
  const value = (name: string) => sampleValue(families, `paradox_${name}`, { model: 'base' })
  assert.equal(value('audio_seconds_total'), 120)
  assert.equal(value('windows_total'), 8)
  assert.equal(value('context_repeats_total'), 2)
  assert.equal(value('temperature_retries_total'), 4)
  assert.equal(value('coverage_retries_total'), 6)
  assert.equal(value('queue_seconds_count'), 2)
  assert.equal(value('decode_seconds_sum'), 8)
  assert.equal(value('rtfx_sum'), 30)
  assert.equal(value('batch_fill_sum'), 3)
  assert.equal(value('batch_fill_count'), 2)
})

test('a recording is in the queue until an engine takes it up, or until it gives up', async (t) => {
  const measured = await measuredService(t)
  const { service, transcriber } = measured
  const { script, started, finish } = heldScript()
  transcriber.script = script
  const waiting = post(measured)
  const request = await started
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_length'), 1)

  request.onStarted?.()
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_length'), 0)
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_seconds_count'), 1)
  request.onStarted?.() // its engine died, and another takes it up
  finish()
  await waiting
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_length'), 0)
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_seconds_count'), 1)

  transcriber.script = () => Promise.reject(new Error('never taken up'))
  await post(measured)
  await service.logged(({ status }) => status === 500)
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_length'), 0)
  assert.equal(sampleValue(await scrape(measured), 'paradox_queue_seconds_count'), 1)
})

test('the log line of a request says how long it waited and how long an engine worked on it', async (t) => {
  const measured = await measuredService(t)
  measured.transcriber.script = measuredScript
  await post(measured)
  const line = await measured.service.logged(({ msg, route }) => msg === 'request finished' && route === '/transcribe')
  assert.equal(line.decodeSeconds, 4)
  assert.equal(typeof line.queueSeconds, 'number')
})

test('loads, failed loads and unloads are counted, the time of a load among them', async (t) => {
  const measured = await measuredService(t)
  const { onEngineEvent } = measured.metrics
  onEngineEvent({ type: 'loaded', modelId: 'base', seconds: 1.5 })
  onEngineEvent({ type: 'unloaded', modelId: 'base', reason: 'crash' })
  onEngineEvent({ type: 'load-failed', modelId: 'freds0' })

  const families = await scrape(measured)
  assert.equal(sampleValue(families, 'paradox_model_loads_total', { model: 'base', outcome: 'loaded' }), 1)
  assert.equal(sampleValue(families, 'paradox_model_loads_total', { model: 'freds0', outcome: 'failed' }), 1)
  assert.equal(sampleValue(families, 'paradox_model_unloads_total', { model: 'base', reason: 'crash' }), 1)
  assert.equal(sampleValue(families, 'paradox_model_load_seconds_sum', { model: 'base' }), 1.5)
})

test('the memory of each engine is looked up at the scrape, and forgotten with the engine', async (t) => {
  const measured = await measuredService(t)
  const { transcriber } = measured
  const times = { loadedAt: 0, lastUsedAt: 0, expiresAt: undefined, loadSeconds: 1 }
  const engine = { ...times, state: 'loaded', nRequests: 0 } as const
  transcriber.engines = () => [
    { ...engine, modelId: 'base', pid: process.pid, residentBytes: 200e6 },
    { ...engine, modelId: 'freds0', pid: undefined, residentBytes: undefined },
  ]
  const memory = (await scrape(measured)).get('paradox_engine_memory_bytes')!.samples
  assert.deepEqual(
    memory.map(({ labels }) => labels),
    [{ model: 'base' }],
  )
  assert.equal(memory[0]!.value, 200e6)
  transcriber.engines = () => []
  assert.deepEqual((await scrape(measured)).get('paradox_engine_memory_bytes')!.samples, [])
})

test('models that strangers name make no series without end', async (t) => {
  const measured = await measuredService(t)
  for (let i = 0; i < 200; i++) {
    measured.metrics.onEngineEvent({ type: 'load-failed', modelId: `somebody/model-${i}` })
  }
  const loads = (await scrape(measured)).get('paradox_model_loads_total')!.samples
  assert.ok(loads.length <= 101)
  assert.equal(sampleValue(await scrape(measured), 'paradox_model_loads_total', { model: '(other)' }), 100)
})

test('two servers in one process count for themselves', async (t) => {
  const one = await measuredService(t)
  const other = await measuredService(t)
  await post(one)
  await one.service.logged(({ msg }) => msg === 'request finished')
  assert.equal(sampleValue(await scrape(one), 'paradox_requests_total', { route: '/transcribe' }), 1)
  assert.equal(sampleValue(await scrape(other), 'paradox_requests_total', { route: '/transcribe' }), 0)
})
