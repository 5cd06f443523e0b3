/**
 * What does HTTP cost?
 *
 * Command: `make bench-http`, or `scripts/node bench/http.ts [seconds] [rounds]`. First `GET /health` of the service as
 * it is started for users, by autocannon from ten connections. Then a WAV file of 5 s is sent to each route of a service
 * whose transcriber says "ok" at once, so that the whole request is what HTTP adds: upload, form, file, line, answer.
 * Wanted: 5,000 requests a second and more, at most 15 ms. Better is: more, and less. Caller and service share the cores.
 */

import assert from 'node:assert/strict'
import { openAsBlob } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import autocannon from 'autocannon'
import { TempFolder, tone } from '../test/helpers/data/audio-files.ts'
import { startScriptedProcess } from '../test/helpers/fakes/scripted-process.ts'
import { startServiceProcess } from '../test/helpers/rigs/service-process.ts'
import { median } from './median.ts'

const PAUSE_MS = 20
const CLIP_SECONDS = 5
/** Fields that each route takes beside the file. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/transcribe': { model_id: 'base', language: 'en' },
  '/v1/audio/transcriptions': { model: 'base', language: 'en' },
  '/v1/audio/transcriptions, verbose_json': { model: 'base', language: 'en', response_format: 'verbose_json' },
  '/v1/audio/transcriptions, stream': { model: 'base', language: 'en', stream: 'true' },
}

const [seconds, nRounds] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 200)]
using folder = new TempFolder()
const clip = folder.make('clip.wav', tone(CLIP_SECONDS))

const { model: cpu } = cpus()[0]!
console.log(`${cpus().length} × ${cpu}, Node ${process.version}\n`)
await healthTable()
await requestTable()

async function healthTable(): Promise<void> {
  const service = await startServiceProcess({ LOG_LEVEL: 'info', TEMP_DIR: folder.path })
  try {
    const url = `${service.baseUrl}/health`
    await autocannon({ url, duration: 1 }) // the compiler of JavaScript gets to work
    const { requests, latency, non2xx, errors } = await autocannon({ url, duration: seconds })
    assert.equal(non2xx + errors, 0)
    console.log('| GET /health | requests/s | slowest second | median ms | 99 % ms |')
    console.log('| --- | --- | --- | --- | --- |')
    console.log(`| ${seconds} s | ${requests.mean.toFixed(0)} | ${requests.min} | ${latency.p50} | ${latency.p99} |\n`)
  } finally {
    await service.stop()
  }
}

async function requestTable(): Promise<void> {
  await using service = await startScriptedProcess({
    LOG_LEVEL: 'info',
    TEMP_DIR: folder.path,
    DEFAULT_MODEL_ID: 'base',
  })
  console.log(`| ${CLIP_SECONDS} s of WAV, ${nRounds} rounds | median ms | 90 % ms | slowest ms |`)
  console.log('| --- | --- | --- | --- |')
  for (const [name, fields] of Object.entries(ROUTES)) {
    const times: number[] = []
    for (let i = -10; i < nRounds; i++) {
      const ms = await timeOf(new URL(name.split(',')[0]!, service.baseUrl), fields)
      if (i >= 0) times.push(ms) // the first ones start the compiler of JavaScript and fill caches
    }
    const sorted = times.toSorted((a, b) => a - b)
    const cells = [median(times), sorted[Math.floor(0.9 * sorted.length)]!, sorted.at(-1)!]
    console.log(`| ${name} | ${cells.map((ms) => ms.toFixed(1)).join(' | ')} |`)
  }
}

async function timeOf(url: URL, fields: Readonly<Record<string, string>>): Promise<number> {
  await setTimeout(PAUSE_MS) // one after the other, as the requests of one caller come
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', await openAsBlob(clip), 'clip.wav')
  const from = performance.now()
  const response = await fetch(url, { method: 'POST', body: form })
  const body = await response.text()
  const ms = performance.now() - from
  assert.equal(response.status, 200, body)
  assert.match(body, /ok/)
  return ms
}
