/** The rules of who may call, put together. */

import type { FastifyInstance } from 'fastify'
import type { SecuritySettings } from '../../config.ts'
import { recognizeKeys, requireKeys } from './api-keys.ts'
import { allowOrigins } from './cors.ts'
import { limitRate } from './rate-limit.ts'
import { sendSecurityHeaders } from './security-headers.ts'

/** To be called before the routes are registered. Every rule acts before anything of a body is read. */
export function secure(app: FastifyInstance, { apiKeyDigests, rateLimit, corsOrigins }: SecuritySettings): void {
  sendSecurityHeaders(app)
  // A browser asks for leave without a key, and a page that is refused has to be able to read why.
  if (corsOrigins.length > 0) allowOrigins(app, corsOrigins)

  // The limit counts by key, and counts whoever has none as well: guessing keys comes to its end.
  if (apiKeyDigests.length > 0) recognizeKeys(app, apiKeyDigests)
  if (rateLimit !== undefined) limitRate(app, rateLimit)
  if (apiKeyDigests.length > 0) requireKeys(app)
}
