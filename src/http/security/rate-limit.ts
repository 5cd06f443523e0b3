/** So many requests a minute of one caller. */

import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { RateLimitedError } from '../../errors/index.ts'
import { callerOf, isPublic } from './caller.ts'

/** How many callers are remembered; one that is forgotten starts anew. */
const MAX_CALLERS = 10_000

/** @throws {RateLimitedError} in the requests beyond the limit; the headers `x-ratelimit-*` tell how much is left. */
export function limitRate(app: FastifyInstance, perMinute: number): void {
  app.register(rateLimit, {
    global: false, // it would leave out paths that no route has, where keys can be guessed as well
    max: perMinute,
    timeWindow: 60_000,
    cache: MAX_CALLERS,
    keyGenerator: callerOf,
    allowList: isPublic,
    errorResponseBuilder: (_request, { max, ttl }) => new RateLimitedError(max, Math.max(1, Math.ceil(ttl / 1000))),
  })
  app.after(() => app.addHook('onRequest', app.rateLimit()))
}
