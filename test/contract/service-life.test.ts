/** Start and end of the service: leftovers swept, requests finished or cut, memory flat under large uploads. */

import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { AddressUnavailableError } from '../../src/errors/index.ts'
import { serve } from '../../src/http/index.ts'
import { silentLogger } from '../../src/logger.ts'
import { startScriptedProcess } from '../helpers/fakes/scripted-process.ts'
import { heldScript, scriptedTranscriber } from '../helpers/fakes/scripted-transcriber.ts'
import {
  BOUNDARY,
  CHUNKED_POST,
  chunk,
  FORM_TYPE,
  form,
  openSocket,
  partHead,
  readAnswer,
} from '../helpers/rigs/raw-http.ts'
import { serviceOf, startService, uploadsIn } from '../helpers/rigs/service.ts'
import { skipped } from '../helpers/skip.ts'

const MB = 1024 ** 2
const HELD_UPLOAD = form({ name: 'file', fileName: 'a.wav', content: 'oi' })
const FILE_HEAD = partHead({ name: 'file', fileName: 'a.wav' })

function post(baseUrl: string): Promise<Response> {
  return fetch(`${baseUrl}/transcribe`, { method: 'POST', headers: { 'content-type': FORM_TYPE }, body: HELD_UPLOAD })
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'paradox-life-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The service in a child process, listening. */
async function spawnService(t: TestContext, tempDir: string): Promise<{ child: ChildProcess; port: number }> {
  const service = await startScriptedProcess({ TEMP_DIR: tempDir })
  t.after(() => service.child.kill('SIGKILL'))
  return service
}

test('shutting down finishes what runs, refuses what is new, and closes the engines last', async () => {
  const transcriber = scriptedTranscriber()
  const { script, started, finish } = heldScript()
  transcriber.script = script
  const service = await startService({ transcriber })
  const answer = post(service.baseUrl)
  await started
  const idle = await openSocket(service.port) // a connection that has asked for nothing yet
  const idleEnd = once(idle.resume(), 'end')

  const closed = service.close()
  await idleEnd
  assert.equal(transcriber.closed.length, 0)
  await assert.rejects(fetch(`${service.baseUrl}/health`))
  finish()
  const response = await answer
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('connection'), 'close')
  await closed
  const [remainingMs] = transcriber.closed
  assert.ok(remainingMs! > 0 && remainingMs! <= 30_000)
})

test('a request that comes on an open connection during the shutdown is told to come back', async () => {
  const transcriber = scriptedTranscriber()
  const { script, started, finish } = heldScript()
  transcriber.script = script
  const service = await startService({ transcriber })
  const socket = await openSocket(service.port)
  const head = `POST /transcribe HTTP/1.1\r\nhost: a\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: ${HELD_UPLOAD.length}\r\n\r\n`
  socket.write(head.slice(0, 20)) // under way, though nobody knows yet what it will be
  const other = post(service.baseUrl)
  await started

  const closed = service.close()
  await service.logged(({ msg }) => msg === 'shutting down')
  socket.write(head.slice(20))
  socket.write(HELD_UPLOAD)
  const answer = await readAnswer(socket)
  assert.equal(answer.status, 503)
  assert.equal(answer.body, '{"detail":"The service is shutting down: send the request again in a moment."}')
  socket.destroy()
  finish()
  assert.equal((await other).status, 200)
  await closed
})

test('what still runs when the time is over is cut and told so, and its upload is deleted', async (t) => {
  const transcriber = scriptedTranscriber()
  const { script, started } = heldScript()
  transcriber.script = script
  const tempDir = await temporaryFolder(t)
  const service = await startService({ transcriber, env: { SHUTDOWN_TIMEOUT_SECONDS: '0', TEMP_DIR: tempDir } })
  const answer = post(service.baseUrl)
  await started
  const uploading = await openSocket(service.port)
  uploading.write(CHUNKED_POST)
  uploading.write(chunk(`${FILE_HEAD}RIFF`))
  await service.uploadsBecome((names) => names.length === 2)

  const uploadAnswer = readAnswer(uploading)
  const closed = service.close()
  for (const { status } of [await answer, await uploadAnswer]) assert.equal(status, 503)
  uploading.destroy()
  await closed
  assert.deepEqual(transcriber.closed, [0])
  assert.deepEqual(await uploadsIn(tempDir), [])
})

test('an engine that ignores its abort does not keep the service from ending', async (t) => {
  const transcriber = scriptedTranscriber()
  const started = Promise.withResolvers<void>()
  transcriber.script = () => {
    started.resolve()
    return new Promise(() => {})
  }
  const tempDir = await temporaryFolder(t)
  const service = await startService({ transcriber, env: { SHUTDOWN_TIMEOUT_SECONDS: '0', TEMP_DIR: tempDir } })
  const answer = post(service.baseUrl)
  await started.promise
  await service.close()
  assert.equal((await answer).status, 503)
  assert.deepEqual(await uploadsIn(tempDir), [])
})

test('the uploads of a killed process are deleted at the next start, those of a living one are not', async (t) => {
  const tempDir = await temporaryFolder(t)
  const killed = await spawnService(t, tempDir)
  const socket = await openSocket(killed.port)
  socket.write(CHUNKED_POST)
  socket.write(chunk(`${FILE_HEAD}RIFF`))
  const living = await startService({ transcriber: scriptedTranscriber(), env: { TEMP_DIR: tempDir } })
  await living.uploadBegun()
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')
  socket.destroy()
  assert.equal((await uploadsIn(tempDir)).length, 1)

  // Our own pid with another start: what a container's earlier life leaves, where every first process is pid 1.
  const reused = join(tempDir, `paradox-asr-${process.pid}-1`)
  await mkdir(reused)
  await writeFile(join(reused, 'a.wav'), 'RIFF')
  const other = join(tempDir, 'paradox-asr-notes')
  await mkdir(other)

  const livingUpload = await openSocket(living.port)
  livingUpload.write(CHUNKED_POST)
  livingUpload.write(chunk(`${FILE_HEAD}RIFF`))
  await living.uploadsBecome((names) => names.length === 3)
  const next = await startService({ transcriber: scriptedTranscriber(), env: { TEMP_DIR: tempDir } })
  assert.equal((await uploadsIn(tempDir)).length, 1)
  assert.equal(existsSync(reused), false)
  assert.equal(existsSync(other), true)

  livingUpload.destroy()
  await next.close()
  await living.close()
})

test('a port that is in use is told with what to do, and the engines are closed', async (t) => {
  const first = await startService({ transcriber: scriptedTranscriber() })
  t.after(() => first.close())
  const transcriber = scriptedTranscriber()
  const config = readConfig({ HOST: '127.0.0.1', PORT: String(first.port), TEMP_DIR: await temporaryFolder(t) })
  const { signal } = new AbortController()
  await assert.rejects(serve(serviceOf({ config, transcriber, logger: silentLogger }), { signal }), (error) => {
    assert.ok(error instanceof AddressUnavailableError)
    assert.match(error.sentence, /cannot listen on 127\.0\.0\.1:\d+ \(it is in use\): stop the program .* PORT/)
    return true
  })
  assert.equal(transcriber.closed.length, 1)
})

test('an upload of 300 MB is never in memory, and SIGTERM ends the process with everything deleted', async (t) => {
  const tempDir = await temporaryFolder(t)
  const { child, port } = await spawnService(t, tempDir)
  const residentBytes = (field: 'VmRSS' | 'VmHWM') => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
  }
  if (process.platform !== 'linux') return t.skip(skipped('machine', 'needs /proc to read the memory of a process'))
  await post(`http://127.0.0.1:${port}`) // what the first request loads is not the upload's
  const before = residentBytes('VmRSS')

  const socket = await openSocket(port)
  socket.write(CHUNKED_POST)
  socket.write(chunk(FILE_HEAD))
  const megabyte = chunk(Buffer.alloc(MB))
  for (let i = 0; i < 300; i++) if (!socket.write(megabyte)) await once(socket, 'drain')
  socket.write(chunk(`\r\n--${BOUNDARY}--\r\n`))
  socket.write(chunk(''))
  assert.equal((await readAnswer(socket)).status, 200)
  const growth = residentBytes('VmHWM') - before
  t.diagnostic(`peak memory grew by ${(growth / MB).toFixed(1)} MB from ${(before / MB).toFixed(0)} MB`)
  assert.ok(growth < 60 * MB)
  socket.destroy()

  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  assert.deepEqual(await uploadsIn(tempDir), [])
})
