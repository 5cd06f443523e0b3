/** HTTP by hand over a socket, for what well-behaved clients never send; and multipart forms as bytes. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export async function openSocket(port: number): Promise<Socket> {
  // Half open, so that a test can go on sending after the service has ended its side.
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {}) // a reset shows in the answer that is missing
  await once(socket, 'connect')
  return socket
}

/** The next answer on the socket, complete by its content-length; rejects when the connection ends before. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  let received = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received = Buffer.concat([received, chunk as Buffer])
    const answer = parseAnswer(received)
    if (answer) return answer
  }
  throw new Error(`The connection ended after: ${received.toString('latin1')}`)
}

function parseAnswer(received: Buffer): RawAnswer | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = received.subarray(0, headEnd).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = received.subarray(headEnd + 4)
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined
  return { status: Number(statusLine.split(' ')[1]), headers, body: body.toString('utf8') }
}

export interface Part {
  readonly name: string
  readonly fileName?: string
  readonly type?: string
  readonly content: string | Buffer
}

export const BOUNDARY = 'a-boundary-for-tests'
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** The head of a part; its content follows. */
export function partHead({ name, fileName, type }: Omit<Part, 'content'>): string {
  const named = fileName === undefined ? '' : `; filename="${fileName}"`
  const typed = type === undefined ? '' : `content-type: ${type}\r\n`
  return `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${named}\r\n${typed}\r\n`
}

export function form(...parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap((part) => [partHead(part), part.content, '\r\n'])
  return Buffer.concat([...pieces, `--${BOUNDARY}--\r\n`].map((piece) => Buffer.from(piece)))
}

/** A request head for `POST /transcribe` with a body that is sent in chunks. */
export const CHUNKED_POST =
  `POST /transcribe HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${FORM_TYPE}\r\n` +
  'transfer-encoding: chunked\r\n\r\n'

/** One chunk of such a body. */
export function chunk(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}
