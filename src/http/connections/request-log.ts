/** What becomes known of a request on its way and belongs into its log line. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WorkTiming } from '../../engine/index.ts'
import { type ErrorCode, shortened } from '../../errors/index.ts'

export interface RequestFacts {
  readonly arrivedAtMs: number
  modelId?: string
  audioSeconds?: number
  /** Until an engine took it up. */
  queueSeconds?: number
  /** In the engine. */
  decodeSeconds?: number
  code?: ErrorCode
}

declare module 'fastify' {
  interface FastifyRequest {
    facts: RequestFacts
  }
}

/** Asked for every few seconds, by containers, supervisors and Prometheus. */
const QUIET_ROUTES = ['/health', '/health/details', '/livez', '/readyz', '/metrics']

/** True for a route whose answers are not worth a line, or a trace, unless they are failures. */
export function isQuiet(route: string | undefined): boolean {
  return route !== undefined && QUIET_ROUTES.includes(route)
}

/**
 * One line per request when its connection is done with it, whether it was answered or the client went away (499, as
 * nginx has it). Never what was said, what the file was called, or the query, which may hold a secret.
 */
export function logRequests(app: FastifyInstance): void {
  app.decorateRequest('facts')
  app.addHook('onRequest', async (request, reply) => {
    request.facts = { arrivedAtMs: performance.now() }
    reply.raw.once('close', () => {
      const { audioSeconds, queueSeconds, decodeSeconds, code } = request.facts
      const modelId = request.facts.modelId && shortened(request.facts.modelId) // as the caller has it
      const { route, status, seconds } = outcomeOf(request, reply)
      const processingSeconds = round(seconds, 3)
      const rtf = audioSeconds ? round(seconds / audioSeconds, 4) : undefined
      const work = { modelId, audioSeconds, queueSeconds, decodeSeconds }
      request.log[isQuiet(route) && status === 200 ? 'debug' : 'info'](
        { method: request.method, route, status, ...work, processingSeconds, rtf, code },
        'request finished',
      )
    })
  })
}

/** How a request has ended, once its connection is done with it. */
export function outcomeOf(request: FastifyRequest, reply: FastifyReply) {
  return {
    /** As it was declared, or "(none)" for an address that no route has. */
    route: request.routeOptions.url ?? '(none)',
    status: reply.raw.writableFinished ? reply.statusCode : 499,
    seconds: secondsSince(request.facts.arrivedAtMs),
  }
}

/** For a request to the transcriber: how long it waits and works is kept for the log line. */
export function noteTimes(facts: RequestFacts): {
  onStarted(): void
  onTiming(timing: WorkTiming): void
} {
  const askedAtMs = performance.now()
  return {
    onStarted() {
      facts.queueSeconds = round(secondsSince(askedAtMs), 3)
    },
    onTiming({ decodeSeconds }) {
      facts.decodeSeconds = round(decodeSeconds, 3)
    },
  }
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
