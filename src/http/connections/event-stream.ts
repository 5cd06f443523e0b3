/** An answer of server-sent events. */

import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Proxies give up on connections that say nothing for a minute. */
const COMMENT_EVERY_MS = 15_000

/**
 * Events of JSON. The head goes out with the first of them, or after 15 s of silence, so that a failure before that is
 * still answered with its status. The route that opens one disposes of it, and returns the reply where the stream has begun.
 *
 * Nothing waits for the client: what it has to get is queued until it reads, and the connection of one that does not is
 * ended (`unread-answers.ts`). So the queue holds no more than the text of one recording.
 */
export class EventStream implements Disposable {
  readonly #reply: FastifyReply
  readonly #stream = new PassThrough()
  readonly #comments: NodeJS.Timeout
  #hasBegun = false

  constructor(reply: FastifyReply) {
    this.#reply = reply
    this.#comments = setInterval(() => this.#writeUnlessBehind(': still here\n\n'), COMMENT_EVERY_MS)
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

  /** Sends what the client has to get; nothing after it has gone away. */
  send(event: object): void {
    this.#write(eventText(event))
  }

  /** Sends what later events make old, such as progress: left out where the client has not read what came before. */
  tell(event: object): void {
    this.#writeUnlessBehind(eventText(event))
  }

  /** Ends with the line that OpenAI's clients wait for. */
  end(): void {
    this.#write('data: [DONE]\n\n')
    this.#stream.end()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#comments)
  }

  #writeUnlessBehind(text: string): void {
    if (!this.#stream.writableNeedDrain) this.#write(text)
  }

  #write(text: string): void {
    this.begin()
    if (!this.#stream.destroyed) this.#stream.write(text)
  }
}

function eventText(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`
}
