/** Pages of other origins that may call the service from a browser. */

import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

const EXPOSED_HEADERS = [
  'x-request-id',
  'retry-after',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
]

/** @param origins  such as `https://example.org`; `*` means any. Credentials (cookies) are for none: keys are headers. */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.register(cors, {
    // Not the plugin's own list, which tells pages of other origins as well what the chosen ones may do.
    origin: origins.includes('*') ? '*' : (origin, answer) => answer(null, isIn(origins, origin) && origin),
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    // Request headers: whichever the page asks for, which is the plugin's default. OpenAI's client sends more
    // `x-stainless-*` with each version, and a header gives no right but by the key in it.
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    strictPreflight: false, // it would answer in a form of its own
  })
}

function isIn(origins: readonly string[], origin: string | undefined): origin is string {
  return origin !== undefined && origins.includes(origin)
}
