/** Server-sent events over a Fastify reply. */

import { once } from 'node:events'
import type { FastifyReply } from 'fastify'

/** Proxies drop a connection on which nothing is said for a minute. */
const KEEP_ALIVE_MS = 15_000

/**
 * Sends events of JSON. The head goes out with the first of them, or after 15 s of silence, so that a failure before
 * that is still answered with its status.
 */
export class EventStream implements Disposable {
  readonly #reply: FastifyReply
  readonly #keepAlive: NodeJS.Timeout

  constructor(reply: FastifyReply) {
    this.#reply = reply
    this.#keepAlive = setInterval(() => this.#write(': still working\n\n'), KEEP_ALIVE_MS)
  }

  /** True when the head has been sent, and with it the status 200. */
  get hasBegun(): boolean {
    return this.#reply.raw.headersSent
  }

  send(event: object): void {
    this.#write(`data: ${JSON.stringify(event)}\n\n`)
  }

  /** Ends the stream with the line that OpenAI's clients wait for, and waits until it has been handed over. */
  async end(): Promise<void> {
    this.#write('data: [DONE]\n\n')
    clearInterval(this.#keepAlive)
    const { raw } = this.#reply
    if (raw.destroyed) return
    raw.end()
    await once(raw, 'close')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#keepAlive)
  }

  #write(text: string): void {
    const { raw } = this.#reply
    if (raw.destroyed) return
    if (!raw.headersSent) {
      this.#reply.hijack()
      raw.writeHead(200, {
        ...(this.#reply.getHeaders() as NodeJS.Dict<string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no', // nginx would hold the events back
      })
    }
    raw.write(text)
  }
}
