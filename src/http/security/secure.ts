/** Rules for callers: keys, rate limit, pages of strangers and of chosen origins, proxies that are trusted for the caller's address. */

import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import type { SecuritySettings } from '../../config.ts'
import { RateLimitedError } from '../../errors/index.ts'
import { recognizeKeys, requireKeys } from './api-keys.ts'
import { refuseStrangersPages } from './browsers.ts'
import { callerOf, isPublic } from './caller.ts'

/** To be called before the routes are registered. Every rule acts before anything of a body is read. */
export function secure(app: FastifyInstance, settings: SecuritySettings): void {
  const { apiKeyDigests, adminKeyDigests, rateLimit, corsOrigins, allowedHosts } = settings
  sendSecurityHeaders(app)
  // A browser asks for leave without a key, and a page that is refused has to be able to read why.
  if (corsOrigins.length > 0) allowOrigins(app, corsOrigins)

  // Behind the plugin of CORS, whose answers to chosen pages are not touched.
  app.after(() => refuseStrangersPages(app, { corsOrigins, allowedHosts, hasKeys: apiKeyDigests.length > 0 }))

  // The limit counts by key, and callers without one by address.
  const hasAnyKeys = apiKeyDigests.length + adminKeyDigests.length > 0
  if (hasAnyKeys) recognizeKeys(app, settings)
  if (rateLimit !== undefined) limitRate(app, rateLimit)
  if (hasAnyKeys) requireKeys(app, settings)
}

/** Headers that tell browsers to make nothing of an answer but what it is: data. A route with a page sets a policy of its own, as `/docs` does. */
function sendSecurityHeaders(app: FastifyInstance): void {
  app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    frameguard: { action: 'deny' },
    // The service speaks plain http, where browsers ignore these three with a warning, or would be locked out.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    // Chosen origins read the answers by CORS, which this leaves alone: it forbids what needs no leave, such as <img>.
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // For browsers that are gone.
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  })
}

const EXPOSED_HEADERS = [
  'x-request-id',
  'retry-after',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-paradox-warnings',
]

/**
 * Pages of other origins may call the service from a browser.
 *
 * @param origins  such as `https://example.org`; `*` means any. Credentials (cookies) are for none: keys are headers.
 */
function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
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

/** Callers that are remembered; one that is forgotten starts anew. */
const MAX_CALLERS = 10_000

/** @throws {RateLimitedError} in the requests beyond the limit; the headers `x-ratelimit-*` tell how much is left. */
function limitRate(app: FastifyInstance, perMinute: number): void {
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

type TrustProxy = SecuritySettings['trustProxy']

/** The proxies whose `X-Forwarded-For` counts, as Fastify takes them. */
export function trustedProxies(
  trusted: TrustProxy,
): Exclude<TrustProxy, number> | ((address: string, hop: number) => boolean) {
  // Fastify ignores a number of hops, since a caller that reaches the service past its proxies could forge an address.
  // An operator who sets a number says that no caller can; docs/operations.md warns of it.
  return typeof trusted === 'number' ? (_address, hop) => hop < trusted : trusted
}
