/** What becomes known of a request on its way and belongs into its log line. */

import type { FastifyInstance } from 'fastify'
import type { ErrorCode } from '../errors/index.ts'

export interface RequestFacts {
  readonly arrivedAtMs: number
  modelId?: string
  audioSeconds?: number
  code?: ErrorCode
}

declare module 'fastify' {
  interface FastifyRequest {
    facts: RequestFacts
  }
}

const HEALTH_PATH = '/health'

/**
 * One line per request when its connection is done with it, whether it was answered or the client went away (499, as
 * nginx has it). Never what was said, what the file was called, or the query, which may hold a secret.
 */
export function logRequests(app: FastifyInstance): void {
  app.decorateRequest('facts')
  app.addHook('onRequest', async (request, reply) => {
    request.facts = { arrivedAtMs: performance.now() }
    reply.raw.once('close', () => {
      const { modelId, audioSeconds, code } = request.facts
      const status = reply.raw.writableFinished ? reply.statusCode : 499
      const seconds = secondsSince(request.facts.arrivedAtMs)
      const processingSeconds = round(seconds, 3)
      const route = request.routeOptions.url ?? '(none)'
      const rtf = audioSeconds ? round(seconds / audioSeconds, 4) : undefined
      // A container asks for its health every few seconds.
      const level = route === HEALTH_PATH && status === 200 ? 'debug' : 'info'
      request.log[level](
        { method: request.method, route, status, modelId, audioSeconds, processingSeconds, rtf, code },
        'request finished',
      )
    })
  })
}

/** Seconds since the request arrived, to two decimals. */
export function elapsedSeconds(facts: RequestFacts): number {
  return round(secondsSince(facts.arrivedAtMs), 2)
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1000
}

function round(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals
}
