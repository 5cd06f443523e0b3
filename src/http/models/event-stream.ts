/** An answer of server-sent events. */

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Proxies give up on connections that say nothing for a minute. */
const COMMENT_EVERY_MS = 15_000

export interface EventStream {
  /** One event with `data` as JSON; waits while the client does not read. Nothing happens after it has gone away. */
  send(data: object): Promise<void>
  /** Ends the answer with `[DONE]`, as OpenAI's streams end. */
  end(): Promise<void>
}

/** Begins the answer with status 200; the handler returns the reply when it has ended the stream. */
export function openEventStream(reply: FastifyReply): EventStream {
  const stream = new PassThrough()
  const closed = new AbortController()
  const write = async (text: string) => {
    if (closed.signal.aborted || stream.write(text)) return
    await once(stream, 'drain', { signal: closed.signal }).catch(() => {}) // closed
  }
  const comments = setInterval(() => void write(': still here\n\n'), COMMENT_EVERY_MS).unref()
  stream.once('close', () => {
    closed.abort()
    clearInterval(comments)
  })
  stream.on('error', () => {}) // the client is gone, and the request's log line says so

  // What other plugins have put on the reply stays, which writing to the socket would lose.
  reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  void reply.send(stream)
  return {
    send: (data) => write(`data: ${JSON.stringify(data)}\n\n`),
    async end() {
      await write('data: [DONE]\n\n')
      clearInterval(comments)
      stream.end()
    },
  }
}
