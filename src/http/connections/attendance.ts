/** How long somebody is there for an answer. */

import type { FastifyReply } from 'fastify'
import { RequestTimeoutError } from '../../errors/index.ts'

export interface Attendance extends Disposable {
  /** Aborts when the client goes away before it is answered, when its time is up, and when the service cuts what runs. */
  readonly signal: AbortSignal
}

/**
 * @param cut        of the service; it aborts with the reason that the client is to be told.
 * @param timeoutMs  undefined: as long as it takes.
 */
export function attend(reply: FastifyReply, cut: AbortSignal, timeoutMs?: number): Attendance {
  // Not AbortSignal.any: `cut` lives as long as the service and would collect what every request derives from it.
  const controller = new AbortController()
  const onCut = () => controller.abort(cut.reason)
  const onClose = () => controller.abort()
  const deadline =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(new RequestTimeoutError(timeoutMs / 1000)), timeoutMs)
  if (cut.aborted) onCut()
  cut.addEventListener('abort', onCut)
  reply.raw.once('close', onClose)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(deadline)
      cut.removeEventListener('abort', onCut)
      reply.raw.off('close', onClose)
    },
  }
}
