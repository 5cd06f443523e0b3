/** Clients that ask and do not read: their connections end, and with them what is done and kept for them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { readConfig } from '../../src/config.ts'
import { createServer } from '../../src/http/server.ts'
import { silentLogger } from '../../src/logger.ts'
import { spokenSegment, transcriptionOf as transcriptionOfSegments } from '../helpers/builders/transcriptions.ts'
import { scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { CHUNKED_POST, chunk, form, openSocket, type Part } from '../helpers/rigs/raw-http.ts'
import { serviceOf, uploadsIn } from '../helpers/rigs/service.ts'
import { tempFolder } from '../helpers/rigs/temp-folder.ts'
import { until } from '../helpers/until.ts'

const MB = 1024 ** 2
/** More than the buffers of both ends of a connection hold. */
const MUCH = 'x'.repeat(32 * MB)

async function newService(t: TestContext, unreadAnswerMs = 200) {
  const transcriber = scriptedTranscriber(['base'])
  const tempDir = tempFolder(t)
  const config = readConfig({ HOST: '127.0.0.1', PORT: '0', TEMP_DIR: tempDir, DEFAULT_MODEL_ID: 'base' })
  const cut = new AbortController().signal
  const options = { cut, tracing: undefined, unreadAnswerMs }
  const server = createServer(serviceOf({ config, transcriber, logger: silentLogger }), options)
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => server.close())
  const { port } = server.server.address() as AddressInfo
  /** A client that sends a request, and reads nothing. */
  const ask = async (path: string, ...fields: readonly Part[]): Promise<Socket> => {
    const socket = (await openSocket(port)).pause()
    t.after(() => socket.destroy())
    socket.write(CHUNKED_POST.replace('/transcribe', path))
    socket.write(chunk(form(...fields, { name: 'file', fileName: 'a.wav', content: 'RIFF' })))
    socket.write(chunk(''))
    return socket
  }
  const nConnections = () => new Promise<number>((resolve) => server.server.getConnections((_, n) => resolve(n)))
  return { transcriber, ask, nConnections, uploads: () => uploadsIn(tempDir) }
}

test('the work for a stream that is not read is given up, and its connection ends', async (t) => {
  const { transcriber, ask, nConnections, uploads } = await newService(t)
  const aborted = Promise.withResolvers<void>()
  transcriber.script = async ({ signal, onSegments }) => {
    onSegments?.(transcriptionOfSegments([spokenSegment(MUCH)]).segments)
    await once(signal, 'abort')
    aborted.resolve()
    throw signal.reason
  }
  await ask('/v1/audio/transcriptions', { name: 'stream', content: 'true' })
  await aborted.promise
  await until(async () => (await nConnections()) === 0 && (await uploads()).length === 0)
})

test('so does a connection whose plain answer is not read', async (t) => {
  const { transcriber, ask, nConnections } = await newService(t)
  transcriber.script = async () => transcriptionOf(MUCH)
  await ask('/transcribe')
  await until(() => transcriber.requests.length === 1)
  await until(async () => (await nConnections()) === 0)
})

test('a client that reads slowly gets its whole answer', async (t) => {
  const { transcriber, ask } = await newService(t, 2000)
  transcriber.script = async () => transcriptionOf(MUCH)
  const socket = await ask('/transcribe')
  let bytes = 0
  // Each pause is half of what a client may take nothing, all of them together are three times as long.
  for await (const { length } of socket as AsyncIterable<Buffer>) {
    const nBefore = Math.floor(bytes / (5 * MB))
    bytes += length
    if (bytes > MUCH.length) break
    if (Math.floor(bytes / (5 * MB)) > nBefore) await setTimeout(1000)
  }
  assert.ok(bytes > MUCH.length)
})

test('a client whose answer takes longer than that is waited for', async (t) => {
  const { transcriber, ask } = await newService(t)
  transcriber.script = async () => {
    await setTimeout(1000)
    return transcriptionOf('late')
  }
  const socket = await ask('/transcribe')
  const [answer] = (await once(socket.resume(), 'data')) as [Buffer]
  assert.match(answer.toString(), /"transcription":"late"/)
})
