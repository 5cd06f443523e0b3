/** An answer of server-sent events. */

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Proxies give up on connections that say nothing for a minute. */
const COMMENT_EVERY_MS = 15_000

/**
 * Events of JSON. The head goes out with the first of them, or after 15 s of silence, so that a failure before that is
 * still answered with its status. The route that opens one disposes of it, and returns the reply where the stream has begun.
 */
export class EventStream implements Disposable {
  readonly #reply: FastifyReply
  readonly #stream = new PassThrough()
  readonly #closed = new AbortController()
  readonly #comments: NodeJS.Timeout
  #hasBegun = false

  constructor(reply: FastifyReply) {
    this.#reply = reply
    this.#comments = setInterval(() => void this.#write(': still here\n\n'), COMMENT_EVERY_MS)
    this.#stream.once('close', () => this.#closed.abort())
    this.#stream.on('error', () => {}) // the client is gone, and the request's log line says so
  }

  /** True when the head has been sent, and with it the status 200. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** Sends the head, where nothing has yet. */
  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#reply.headers({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would hold the events back
    })
    // What other plugins have put on the reply stays, which writing to the socket would lose.
    void this.#reply.send(this.#stream)
  }

  /** Resolves when the client has room for more; at once after it has gone away, when nothing is sent. */
  async send(event: object): Promise<void> {
    await this.#write(`data: ${JSON.stringify(event)}\n\n`)
  }

  /** Ends with the line that OpenAI's clients wait for. */
  async end(): Promise<void> {
    await this.#write('data: [DONE]\n\n')
    this.#stream.end()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#comments)
  }

  async #write(text: string): Promise<void> {
    this.begin()
    if (this.#closed.signal.aborted || this.#stream.write(text)) return
    await once(this.#stream, 'drain', { signal: this.#closed.signal }).catch(() => {}) // closed
  }
}
