/** How uploads arrive: refused half-way, too large, never ending, cut off, asked for first. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { CHUNKED_POST, chunk, FORM_TYPE, form, openSocket, partHead, readAnswer } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'

const run = promisify(execFile)
const MB = 1024 ** 2
const UNKNOWN_MODEL = `${partHead({ name: 'model_id' })}x\r\n`
const FILE_HEAD = partHead({ name: 'file', fileName: 'a.wav' })
const TOO_LARGE = /^{"detail":"The upload is larger than the allowed 2 MB: .*"}$/

async function start(t: TestContext, env: NodeJS.ProcessEnv = { MAX_UPLOAD_MB: '2' }) {
  const transcriber = scriptedTranscriber()
  const service = await startService({ transcriber, env })
  t.after(() => service.close())
  return { service, transcriber }
}

test('an unknown model is refused at once, while an upload without end is still running', async (t) => {
  const { service } = await start(t)
  const socket = await openSocket(service.port)
  socket.write(CHUNKED_POST)
  socket.write(chunk(`${UNKNOWN_MODEL}${FILE_HEAD}RIFF`))

  const answer = await readAnswer(socket)
  assert.equal(answer.status, 400)
  assert.equal(answer.body, `{"detail":"Modelo 'x' não suportado."}`)
  assert.equal(answer.headers.connection, 'close')
  assert.deepEqual(await service.uploads(), [])

  // What is still sent meets no reset: it is read until the form ends, and then the connection closes.
  for (let i = 0; i < 20; i++) socket.write(chunk(Buffer.alloc(64 * 1024)))
  const closed = once(socket, 'close')
  socket.end(chunk(''))
  socket.resume()
  assert.deepEqual(await closed, [false]) // no error
})

test('a client that reads only after it has sent everything sees the refusal too', async (t) => {
  const { service } = await start(t, { MAX_UPLOAD_MB: '64' })
  const socket = await openSocket(service.port)
  const body = Buffer.concat([Buffer.from(UNKNOWN_MODEL + FILE_HEAD), Buffer.alloc(32 * MB)])
  const head = `POST /transcribe HTTP/1.1\r\nhost: a\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n`
  await new Promise<void>((sent, failed) => {
    socket.once('error', failed)
    socket.write(head)
    socket.write(body, () => sent())
  })
  assert.equal((await readAnswer(socket)).status, 400)
})

test('fetch sees the refusal of an upload that it is still sending', async (t) => {
  const { service } = await start(t)
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from(`${UNKNOWN_MODEL}${FILE_HEAD}RIFF`)), // and never closed
  })
  const headers = { 'content-type': FORM_TYPE }
  const response = await fetch(`${service.baseUrl}/transcribe`, { method: 'POST', headers, body, duplex: 'half' })
  assert.equal(response.status, 400)
  assert.equal(await response.text(), `{"detail":"Modelo 'x' não suportado."}`)
})

test('an announced length above the limit is refused before anything is sent', async (t) => {
  const { service } = await start(t)
  for (const expect of ['', 'expect: 100-continue\r\n']) {
    const socket = await openSocket(service.port)
    socket.write(
      `POST /transcribe HTTP/1.1\r\nhost: a\r\ncontent-type: ${FORM_TYPE}\r\n${expect}content-length: ${3 * MB}\r\n\r\n`,
    )
    const answer = await readAnswer(socket)
    assert.equal(answer.status, 413)
    assert.match(answer.body, TOO_LARGE)
    socket.destroy()
  }
})

test('an upload of unknown length is refused as soon as it passes the limit, and nothing of it stays', async (t) => {
  const { service } = await start(t)
  for (const name of ['file', 'something-else']) {
    const socket = await openSocket(service.port)
    socket.write(CHUNKED_POST)
    socket.write(chunk(partHead({ name, fileName: 'a.wav' })))
    for (let i = 0; i < 3; i++) socket.write(chunk(Buffer.alloc(MB)))
    const answer = await readAnswer(socket)
    assert.equal(answer.status, 413)
    assert.match(answer.body, TOO_LARGE)
    assert.deepEqual(await service.uploads(), [])
    socket.destroy()
  }
})

test('a file of exactly the allowed size is accepted', async (t) => {
  const { service, transcriber } = await start(t)
  const body = form({ name: 'file', fileName: 'a.wav', content: Buffer.alloc(2 * MB, 'a') })
  const headers = { 'content-type': FORM_TYPE }
  const response = await fetch(`${service.baseUrl}/transcribe`, { method: 'POST', headers, body })
  assert.equal(response.status, 200)
  assert.equal(transcriber.requests.length, 1)
})

test('a client that goes away during the upload leaves no file, and its line says 499', async (t) => {
  const { service, transcriber } = await start(t)
  const socket = await openSocket(service.port)
  socket.write(CHUNKED_POST)
  socket.write(chunk(`${FILE_HEAD}RIFF`))
  await service.uploadBegun()
  socket.resetAndDestroy()

  const line = await service.logged(({ msg }) => msg === 'request finished')
  assert.equal(line.status, 499)
  await service.emptied()
  assert.equal(transcriber.requests.length, 0)
  assert.equal(
    service.logLines.some(({ level }) => Number(level) >= 40),
    false,
  ) // a client's leaving is no failure
})

test('several requests use one connection, also after a refusal whose body had arrived', async (t) => {
  const { service } = await start(t)
  const socket = await openSocket(service.port)
  for (const [model, status] of [
    ['base', 200],
    ['x', 400],
    ['base', 200],
  ] as const) {
    const body = form({ name: 'file', fileName: 'a.wav', content: 'oi' }, { name: 'model_id', content: model })
    socket.write(
      `POST /transcribe HTTP/1.1\r\nhost: a\r\ncontent-type: ${FORM_TYPE}\r\ncontent-length: ${body.length}\r\n\r\n`,
    )
    socket.write(body)
    assert.equal((await readAnswer(socket)).status, status)
  }
  socket.destroy()
})

test('a form may be followed by more bytes, and its head by odd ones', async (t) => {
  const { service } = await start(t)
  const socket = await openSocket(service.port)
  socket.write(CHUNKED_POST)
  socket.write(chunk('preamble\r\n'))
  for (const byte of form({ name: 'file', fileName: 'a.wav', content: 'oi' })) socket.write(chunk(Buffer.of(byte)))
  socket.write(chunk('epilogue'))
  socket.write(chunk(''))
  assert.match((await readAnswer(socket)).body, /"transcription":"oi"/)
  socket.destroy()
})

test('what is no HTTP, and a head that is too large, are answered in the form of every other error', async (t) => {
  const { service } = await start(t)
  for (const [bytes, status, detail] of [
    ['NONSENSE\r\n\r\n', 400, 'Bad Request'],
    [`GET /health HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'Request Header Fields Too Large'],
  ] as const) {
    const socket = await openSocket(service.port)
    socket.write(bytes)
    const answer = await readAnswer(socket)
    assert.equal(answer.status, status)
    assert.deepEqual(JSON.parse(answer.body), { detail })
    socket.destroy()
  }
})

test('curl uploads a large file under an odd name, and is refused without sending one that is too large', async (t) => {
  const { service, transcriber } = await start(t, { MAX_UPLOAD_MB: '4' })
  transcriber.script = async () => transcriptionOf('ouvido')
  const folder = await mkdtemp(join(tmpdir(), 'paradox-curl-'))
  t.after(() => rm(folder, { recursive: true }))
  const url = `${service.baseUrl}/transcribe`
  const curl = ['-sS', '--max-time', '20', '-w', '\n%{http_code} %{size_upload}', '-H', 'Expect: 100-continue']

  const odd = join(folder, `nota "de voz" 😀 ção.ogg`)
  await writeFile(odd, Buffer.alloc(3 * MB))
  const named = `file=@"${odd.replaceAll('"', '\\"')}"`
  const accepted = await run('curl', [...curl, '-F', named, '-F', 'model_id=base', url])
  assert.match(accepted.stdout, /"transcription":"ouvido"}\n200 /)
  assert.match(transcriber.requests[0]!.audioPath, /\.ogg$/)

  const huge = join(folder, 'huge.wav')
  await using handle = await open(huge, 'w')
  await handle.truncate(200 * MB)
  const refused = await run('curl', [...curl, '-F', `file=@${huge}`, url])
  assert.match(refused.stdout, /larger than the allowed 4 MB.*\n413 0$/)

  const early = await run('curl', [...curl.slice(0, -1), 'Expect:', '-F', 'model_id=x', '-F', named, url])
  assert.match(early.stdout, /Modelo 'x' não suportado\..*\n400 /)
})
