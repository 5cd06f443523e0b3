/** Ends the connections of clients that do not read their answers. */

import type { FastifyInstance } from 'fastify'

const STALL_MS = 60_000

/**
 * While a client takes nothing of its answer, that lies in memory, and so does what has been made for it. Node ends a
 * connection whose timeout is over, unless some of what waits has been sent since it began: so a slow reader may take hours,
 * and one that reads nothing is let go after one to two times `stallMs`, which aborts its request. When the answer has been
 * sent Node sets the timeout of idle connections in its place.
 *
 * An answer that pauses, such as an event stream, has to send something more often than that.
 */
export function endUnreadAnswers(app: FastifyInstance, stallMs = STALL_MS): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.raw.setTimeout(stallMs)
  })
}
