import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { spokenSegment, transcriptionOf } from '../../../test/helpers/builders/transcriptions.ts'
import { tempFolder } from '../../../test/helpers/rigs/temp-folder.ts'
import { toVerboseJson } from '../../transcript/index.ts'
import { readEvent, toTranscription } from './answer.ts'
import { recordingFile } from './recording-file.ts'
import { remoteWorker, serverEvents } from './remote-worker.ts'

const never = new AbortController().signal

/** A worker that asks a server which answers so. */
async function workerOn(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const audioPath = join(tempFolder(t), 'talk.wav')
  writeFileSync(audioPath, 'recording')
  const { port } = server.address() as AddressInfo // a TCP server has no other form of address
  const worker = remoteWorker({ server: `127.0.0.1:${port}/v1/`, apiKey: 'secret', model: 'base' })
  return { port, transcribe: () => worker.transcribe({ audioPath, signal: never }) }
}

const done = { type: 'transcript.text.done', ...toVerboseJson(transcriptionOf([], { text: 'heard' })) }
const stream = (...events: readonly (object | string)[]) =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')

test('a transcription comes back as it was sent, words with their spaces, to the millisecond', () => {
  const sent = transcriptionOf(
    [
      spokenSegment(' Olá, mundo! Tudo bem', 0.25),
      { ...spokenSegment('日本'), start: 3, end: 4, text: ' no words', words: [] },
      { ...spokenSegment(' no no, no-no', 5), language: 'jw', quality: 'repetition', retries: 2 },
    ],
    {
      language: 'pt',
      languageProbability: 0.9,
      warnings: ['Mind the gap.'],
      statistics: { ...transcriptionOf([]).statistics, languageVotes: [['pt', 0.9]] },
    },
  )
  const events = sent.segments.map(({ start, end, text, words }) => ({
    type: 'transcript.text.segment' as const,
    ...{ start, end, text },
    words: words?.map(({ word, ...others }) => ({ word: word.trim(), ...others })),
  }))
  const read = readEvent({ type: 'transcript.text.done', ...toVerboseJson(sent) })
  assert.ok(read && 'segments' in read)
  assert.deepEqual(toTranscription(read, events), sent)
})

test('events are read however they are cut into pieces', async () => {
  const text = `: comment\n\n${stream({ a: 'é' }, { b: '🎙️' }, '[DONE]', { c: 'after the end' })}`
  const bytes = new TextEncoder().encode(text.replaceAll('\n\n', '\r\n\r\n'))
  for (const size of [1, 2, 7, 1000]) {
    const pieces = (function* () {
      for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
    })()
    assert.deepEqual(await Array.fromAsync(serverEvents(ReadableStream.from(pieces))), [{ a: 'é' }, { b: '🎙️' }])
  }
})

test('a busy service is asked again when it says so, with the key and the path of the API', async (t) => {
  const asked: (string | undefined)[] = []
  const { transcribe } = await workerOn(t, (request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`)
    request.resume().once('end', () => {
      if (asked.length < 3)
        response.writeHead(429, { 'retry-after': '0' }).end('{"error":{"message":"Full.","code":"queue_full"}}')
      else response.end(stream(done, '[DONE]'))
    })
  })
  assert.equal((await transcribe()).text, 'heard')
  assert.deepEqual(asked, Array(3).fill('/v1/audio/transcriptions Bearer secret'))
})

test('a failure is that of the service, also where it comes in the middle of the stream', async (t) => {
  const failure = { error: { message: 'The file holds no audio: send a recording.', code: 'audio_empty' } }
  for (const answer of [400, 200]) {
    const { transcribe } = await workerOn(t, (request, response) => {
      request.resume().once('end', () => {
        response.writeHead(answer).end(answer === 200 ? stream({ type: 'other' }, failure) : JSON.stringify(failure))
      })
    })
    const error = await transcribe().catch((error) => error)
    assert.deepEqual([error.code, error.sentence], ['ASR_AUDIO_EMPTY', failure.error.message])
  }
})

test('a service that goes away in the middle is told from one that was never there and from another program', async (t) => {
  const codeOf = async (listener: RequestListener) => {
    const { transcribe } = await workerOn(t, listener)
    return await transcribe().catch((error) => error.code)
  }
  assert.equal(await codeOf((request) => request.socket.destroy()), 'ASR_SERVER_LOST')
  assert.equal(
    await codeOf((request, response) => {
      response.write(stream({ type: 'transcript.progress', done_seconds: 1 }), () => request.socket.destroy())
    }),
    'ASR_SERVER_LOST',
  )
  assert.equal(await codeOf((_, response) => void response.end(stream({ type: 'other' }))), 'ASR_SERVER_LOST')
  for (const body of ['<html>Welcome</html>', stream('no JSON'), stream({ ...done, segments: 'none' })]) {
    const expected = body.startsWith('<') ? 'ASR_SERVER_LOST' : 'ASR_SERVER_ANSWER'
    assert.equal(await codeOf((_, response) => void response.end(body)), expected, body)
  }
  assert.equal(await codeOf((_, response) => void response.writeHead(502).end('Bad Gateway')), 'ASR_SERVER_ANSWER')

  const gone = createServer().listen(0, '127.0.0.1')
  await once(gone, 'listening')
  const { port } = gone.address() as AddressInfo // a TCP server has no other form of address
  gone.close()
  await once(gone, 'close')
  const audioPath = join(tempFolder(t), 'talk.wav')
  writeFileSync(audioPath, 'recording')
  const worker = remoteWorker({ server: `http://127.0.0.1:${port}`, apiKey: undefined, model: undefined })
  await assert.rejects(worker.transcribe({ audioPath, signal: never }), {
    code: 'ASR_SERVER_UNREACHABLE',
    message: `The service at http://127.0.0.1:${port} does not answer (nothing listens there).`,
  })
})

test('a recording that changes while it is sent fails that request, and nothing is left uncaught', async (t) => {
  const server = createServer((request, response) => {
    request
      .on('error', () => {})
      .resume()
      .on('end', () => response.end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo // a TCP server has no other form of address
  const path = join(tempFolder(t), 'talk.wav')
  for (const [change, isRefused] of [
    [() => appendFileSync(path, 'more'), false],
    [() => truncateSync(path, 10), true],
    [() => rmSync(path), true],
  ] as const) {
    writeFileSync(path, 'recording '.repeat(50_000))
    const body = new FormData()
    body.set('file', await recordingFile(path))
    change()
    const sent = fetch(`http://127.0.0.1:${port}`, { method: 'POST', body })
    if (isRefused) await assert.rejects(sent, { message: 'fetch failed' })
    else assert.equal((await sent).status, 200)
  }
})

test('an address is one of HTTP, without a secret in it', () => {
  const worker = (server: string) => () => remoteWorker({ server, apiKey: undefined, model: undefined })
  for (const server of ['ftp://host', 'http://', 'http://user:secret@host', 'http://host?key=secret', 'a b']) {
    assert.throws(worker(server), (error: Error) => !error.message.includes('secret'))
  }
  for (const server of ['localhost', 'https://host/base/', '10.0.0.1:9']) worker(server)()
})
