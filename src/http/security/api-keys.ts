/** API keys: only their digests are kept, and nothing here logs a key or repeats it. */

import { createHash, timingSafeEqual } from 'node:crypto'
import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance } from 'fastify'
import { ApiKeyError } from '../../errors/index.ts'
import { isPublic } from './caller.ts'

/** Notes which key was sent, and refuses no request yet. Where a request has `x-api-key`, that counts. */
export function recognizeKeys(app: FastifyInstance, digests: readonly Buffer[]): void {
  app.decorateRequest('keyNumber')
  // The plugin only reads the header. Its own hook answers in a form of its own, knows no public routes,
  // and refuses before the rate limit could count; its list of keys would hold them as they are.
  app.register(bearerAuth, {
    addHook: false,
    keys: [],
    specCompliance: 'rfc6749', // the scheme in any case
    verifyErrorLogLevel: 'trace', // refusals are in the line of each request
    auth: (key, request) => {
      request.keyNumber = numberOf(key, digests)
      return request.keyNumber !== undefined
    },
  })
  app.after(() => {
    const verify = app.verifyBearerAuth! // decorated by the plugin, now that it is registered
    app.addHook('onRequest', (request, reply, done) => {
      if (isPublic(request)) return done()
      const { headers } = request.raw
      if (headers['x-api-key'] !== undefined) headers.authorization = `Bearer ${headers['x-api-key']}`
      verify(request, reply, () => done())
    })
  })
}

/** @throws {ApiKeyError} in every request without a known key, unless its route is public; also where no route is. */
export function requireKeys(app: FastifyInstance): void {
  app.after(() => {
    app.addHook('onRequest', async (request) => {
      if (isPublic(request) || request.keyNumber !== undefined) return
      throw new ApiKeyError(request.headers.authorization === undefined)
    })
  })
}

/** Compares with every digest in constant time, so that the time tells nothing. */
function numberOf(key: string, digests: readonly Buffer[]): number | undefined {
  const digest = createHash('sha256').update(key).digest()
  let found: number | undefined
  for (const [number, known] of digests.entries()) if (timingSafeEqual(digest, known)) found = number
  return found
}
