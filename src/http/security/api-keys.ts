/** API keys: only their digests are kept, and nothing here logs a key or repeats it. */

import { createHash, timingSafeEqual } from 'node:crypto'
import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { SecuritySettings } from '../../config.ts'
import { AdminKeyError, ApiKeyError, WrongKeysError } from '../../errors/index.ts'
import { addressOf, isPublic } from './caller.ts'
import { KeyGuesses } from './key-guesses.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs a key of the operator's, where there are such. */
    isAdmin?: boolean
  }
}

/** Both kinds; the admin's come last in the numbers of keys. */
export type KeyDigests = Pick<SecuritySettings, 'apiKeyDigests' | 'adminKeyDigests'>

/** Notes which key was sent, and refuses no request yet. Where a request has `x-api-key`, that counts. */
export function recognizeKeys(app: FastifyInstance, { apiKeyDigests, adminKeyDigests }: KeyDigests): void {
  const digests = [...apiKeyDigests, ...adminKeyDigests]
  app.decorateRequest('keyNumber')
  app.decorateRequest('hasWrongKey', false)
  // The plugin only reads the header. Its own hook answers in a form of its own, knows no public routes,
  // and refuses before the rate limit could count; its list of keys would hold them as they are.
  app.register(bearerAuth, {
    addHook: false,
    keys: [],
    specCompliance: 'rfc6749', // the scheme in any case
    verifyErrorLogLevel: 'trace', // refusals are in the line of each request
    auth: (key, request) => {
      request.keyNumber = numberOf(key, digests)
      request.hasWrongKey = key !== '' && request.keyNumber === undefined
      return true
    },
  })
  app.after(() => {
    const verify = app.verifyBearerAuth! // decorated by the plugin, now that it is registered
    app.addHook('onRequest', (request, reply, done) => {
      const { headers } = request.raw
      if (headers['x-api-key'] !== undefined) headers.authorization = `Bearer ${headers['x-api-key']}`
      verify(request, reply, () => {
        // It has set 401 where no key was sent, also for a route that needs none.
        if (isPublic(request) || apiKeyDigests.length === 0) reply.code(200)
        done()
      })
    })
  })
}

/**
 * @throws {ApiKeyError} in every request without a known key, unless its route is public; also where no route is.
 * @throws {AdminKeyError} where the key is known, and the route needs another.
 * @throws {WrongKeysError} where the address has sent too many wrong ones.
 */
export function requireKeys(app: FastifyInstance, { apiKeyDigests, adminKeyDigests }: KeyDigests): void {
  const guesses = new KeyGuesses()
  app.after(() => {
    app.addHook('onRequest', async (request) => {
      const { keyNumber } = request
      const needsAdmin = adminKeyDigests.length > 0 && request.routeOptions.config.isAdmin === true
      if (isPublic(request) || (apiKeyDigests.length === 0 && !needsAdmin)) return
      refuseGuesses(request, guesses)
      if (keyNumber === undefined) throw new ApiKeyError(request.headers.authorization === undefined)
      if (needsAdmin && keyNumber < apiKeyDigests.length) throw new AdminKeyError()
    })
  })
}

/** @throws {WrongKeysError} */
function refuseGuesses(request: FastifyRequest, guesses: KeyGuesses): void {
  const { keyNumber, hasWrongKey } = request
  if (keyNumber === undefined && !hasWrongKey) return // nothing was tried
  const address = addressOf(request)
  const seconds = guesses.secondsToWait(address, keyNumber)
  if (seconds > 0) throw new WrongKeysError(seconds)
  if (hasWrongKey) guesses.noteWrong(address)
}

/** Compares with every digest in constant time, so that the time tells nothing. */
function numberOf(key: string, digests: readonly Buffer[]): number | undefined {
  const digest = createHash('sha256').update(key).digest()
  let found: number | undefined
  for (const [number, known] of digests.entries()) if (timingSafeEqual(digest, known)) found = number
  return found
}
