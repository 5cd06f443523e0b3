/** The one signal of a request, from its socket to the engine. */

import type { FastifyReply } from 'fastify'
import { RequestTimeoutError } from '../../errors/index.ts'

/**
 * Aborts when the client disconnects before it is answered, when its time is up, and when the service cuts what runs.
 *
 * @param cut        of the service; it aborts with the reason that the client is to be told.
 * @param timeoutMs  undefined: as long as it takes.
 */
export function requestSignal(reply: FastifyReply, cut: AbortSignal, timeoutMs?: number): AbortSignal {
  const own = new AbortController()
  const giveUp = () => own.abort(new RequestTimeoutError(timeoutMs! / 1000)) // called only where there is one
  const deadline = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs)
  reply.raw.once('close', () => {
    clearTimeout(deadline)
    if (!reply.raw.writableFinished) own.abort()
  })
  return AbortSignal.any([own.signal, cut])
}
