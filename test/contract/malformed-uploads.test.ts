/**
 * Ten thousand forms that are damaged somewhere: each gets an answer in the contract's form or the end of its connection,
 * and none leaves a file, a place in the queue, or a service that is worse than before.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { randomSource } from '../helpers/builders/checkpoint-builder.ts'
import { scriptedTranscriber, transcriptionOf } from '../helpers/fakes/scripted-transcriber.ts'
import { BOUNDARY, form } from '../helpers/rigs/raw-http.ts'
import { startService } from '../helpers/rigs/service.ts'
import { until } from '../helpers/until.ts'

const N_UPLOADS = 10_000
const N_CLIENTS = 16
/** A service that waits for the rest of a form is left after that. */
const PATIENCE_MS = 300
/** What a damaged form may be told; 200 where the damage is in what nobody reads. */
const ALLOWED = new Set([200, 400, 408, 413, 415, 429, 431])

const ROUTES = ['/transcribe', '/v1/audio/transcriptions', '/asr', '/inference']
const FORMS = ROUTES.map((route) => {
  const fileName = 'a.wav'
  const name = route === '/asr' ? 'audio_file' : 'file'
  return form({ name: 'language', content: 'pt' }, { name, fileName, type: 'audio/wav', content: 'RIFFxxxxWAVE' })
})
const PIECES = [
  ...['\r\n', '\r\n\r\n', '--', `--${BOUNDARY}`, `--${BOUNDARY}--`, '\0', ';', '"', '=', "filename*=UTF-8''%FF"],
  ...['content-transfer-encoding: base64\r\n', 'content-disposition: form-data\r\n\r\n', 'name="__proto__"', '\ud800'],
]

/** A form with one to four damages: bytes changed, cut out, doubled, or pieces of the syntax where they do not belong. */
function damaged(whole: Buffer, random: () => number): Buffer {
  let bytes = whole
  const place = () => Math.floor(random() * bytes.length)
  for (let i = 0; i <= random() * 4; i++) {
    const [at, to] = [place(), place()].sort((a, b) => a - b) as [number, number]
    const head = bytes.subarray(0, at)
    switch (Math.floor(random() * 5)) {
      case 0:
        bytes = Buffer.concat([head, Buffer.of(random() * 256), bytes.subarray(at + 1)])
        break
      case 1:
        bytes = Buffer.concat([head, bytes.subarray(to)])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
        break
      case 3:
        bytes = Buffer.concat([head, Buffer.from(PIECES[Math.floor(random() * PIECES.length)]!), bytes.subarray(at)])
        break
      default:
        bytes = head
    }
  }
  return bytes
}

interface Sent {
  /** undefined: the connection ended without an answer, or the client had waited enough. */
  readonly status: number | undefined
  readonly body: string
}

/** The announced length is at times a lie, too. */
async function send(port: number, route: string, body: Buffer, announced: number): Promise<Sent> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {}) // a reset is an end as well
  const type = `multipart/form-data; boundary=${BOUNDARY}`
  socket.write(`POST ${route} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: ${type}\r\n`)
  socket.write(`content-length: ${announced}\r\n\r\n`)
  socket.write(body)
  socket.setTimeout(PATIENCE_MS, () => socket.destroy())
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('utf8')
  })
  await once(socket, 'close')
  const [head = '', ...rest] = received.split('\r\n\r\n')
  const status = /^HTTP\/1\.1 (\d+)/.exec(head)?.[1]
  return { status: status === undefined ? undefined : Number(status), body: rest.join('\r\n\r\n') }
}

test('ten thousand damaged forms leave a service as it was', async (t) => {
  const transcriber = scriptedTranscriber()
  transcriber.script = async () => transcriptionOf('oi')
  const service = await startService({ transcriber })
  t.after(() => service.close())
  const random = randomSource('malformed')
  const numbers = Array.from({ length: N_UPLOADS }, (_, i) => i).values()
  const counts = new Map<string, number>()

  const client = async () => {
    for (const number of numbers) {
      const route = ROUTES[number % ROUTES.length]!
      const body = damaged(FORMS[number % ROUTES.length]!, random)
      const announced = random() < 0.9 ? body.length : Math.floor(random() * body.length * 2)
      const { status, body: answer } = await send(service.port, route, body, announced)
      counts.set(String(status), (counts.get(String(status)) ?? 0) + 1)
      if (status === undefined) continue
      assert.ok(ALLOWED.has(status), `upload ${number} to ${route}: ${status} ${answer}`)
      assert.doesNotMatch(answer, /node:|\.ts:|\/tmp\//, 'neither a stack nor a path')
    }
  }
  await Promise.all(Array.from({ length: N_CLIENTS }, client))
  t.diagnostic(JSON.stringify(Object.fromEntries(counts)))
  assert.ok((counts.get('200') ?? 0) > 0 && (counts.get('400') ?? 0) > N_UPLOADS / 4, 'both kinds took place')

  await until(async () => (await service.uploads()).length === 0, 'no file is left')
  await until(() => transcriber.queue.state.running + transcriber.queue.state.waiting === 0, 'no place is taken')
  const { status } = await send(service.port, ROUTES[0]!, FORMS[0]!, FORMS[0]!.length)
  assert.equal(status, 200)
})
