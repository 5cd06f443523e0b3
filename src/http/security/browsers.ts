/**
 * Requests that a browser sends for a page of a stranger. A page can reach what its visitor's machine reaches, and CORS keeps
 * it from reading answers only, not from asking. Two rules, both by headers that a page's script cannot forge:
 *
 * - a page of another origin asks for nothing, unless `CORS_ORIGINS` names it;
 * - without keys, a browser has to name the service by an address, or by a name that the operator has given it: a page of
 *   `evil.example` could have that name lead here (DNS rebinding) and be of the service's own origin.
 *
 * Programs send none of these headers, and pass. Decision 0030 has the reasons.
 *
 * @see https://www.w3.org/TR/fetch-metadata/; https://fetch.spec.whatwg.org/#origin-header
 */

import { isIP } from 'node:net'
import { hostname } from 'node:os'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ForeignOriginError, HostUnknownError } from '../../errors/index.ts'
import { isLoopback } from '../../loopback.ts'
import { isPublic } from './caller.ts'

export interface BrowserRules {
  /** Origins whose pages may call; `*` stands for any. */
  readonly corsOrigins: readonly string[]
  /** Names under which browsers may reach the service, beside those that nobody else can have. */
  readonly allowedHosts: readonly string[]
  /** Every request needs a key, which a page of a stranger has not: any name will do. */
  readonly hasKeys: boolean
}

/** @throws {ForeignOriginError | HostUnknownError} in the requests of strangers' pages. */
export function refuseStrangersPages(app: FastifyInstance, rules: BrowserRules): void {
  const knownNames = knownNamesOf(rules)
  app.addHook('onRequest', async (request) => {
    if (request.method === 'OPTIONS') return // a preflight acts on nothing, and its answer is that of CORS
    const { origin } = request.headers
    if (origin !== undefined && isChosen(origin, rules.corsOrigins)) return
    const isOwn = !isForeign(request, rules)
    if (!isOwn && !isHarmless(request)) throw new ForeignOriginError(origin)
    if (rules.hasKeys || !isOfBrowser(request)) return
    const addresses = [addressOf(request, 'http:'), isOwn ? origin : undefined]
    const unknown = addresses.flatMap(nameIn).find((name) => !isKnown(name, knownNames))
    if (unknown !== undefined) throw new HostUnknownError(unknown)
  })
}

function isChosen(origin: string, corsOrigins: readonly string[]): boolean {
  return corsOrigins.includes('*') || corsOrigins.includes(origin)
}

/** Whether a page of another origin has sent it, as far as the browser tells. */
function isForeign(request: FastifyRequest, { allowedHosts }: BrowserRules): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === 'same-origin' || site === 'none') return false // also where a proxy has changed the Host
  if (site === 'cross-site' || (site !== undefined && origin === undefined)) return true
  if (origin === undefined) return false // http beyond this machine: browsers say nothing of a GET
  const url = URL.parse(origin)
  if (url === null || url.host === '') return true // `null`, and what else is no address
  const own = URL.parse(addressOf(request, url.protocol) ?? '')
  return url.host !== own?.host && !allowedHosts.includes(url.hostname)
}

/** A link to the service may be anywhere; and what is answered to everybody costs nothing and tells a page nothing. */
function isHarmless(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  return isPublic(request) || request.headers['sec-fetch-dest'] === 'document'
}

/** Over http with another machine browsers send neither of the first two with a GET, only with all that acts. */
function isOfBrowser({ method, headers }: FastifyRequest): boolean {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) return true
  return (method === 'GET' || method === 'HEAD') && /^Mozilla\//.test(headers['user-agent'] ?? '')
}

/** The origin that a browser has for the service; undefined where the request has no Host. */
function addressOf(request: FastifyRequest, protocol: string): string | undefined {
  // With a second address the first is that of a trusted proxy; without, a page could have sent the header itself.
  const forwarded = (request.ips?.length ?? 0) > 1 ? request.headers['x-forwarded-host'] : undefined
  const host = [forwarded ?? request.headers.host].flat().at(-1)?.split(',').at(-1)?.trim()
  return host === undefined ? undefined : `${protocol}//${host}`
}

function nameIn(address: string | undefined): string[] {
  return address === undefined ? [] : [URL.parse(address)?.hostname ?? address]
}

/** Names that no stranger's page can be under: chosen by the operator, or this machine's own. */
function knownNamesOf({ allowedHosts, corsOrigins }: BrowserRules): ReadonlySet<string> {
  const origins = corsOrigins.flatMap((origin) => URL.parse(origin)?.hostname ?? [])
  const own = hostname().toLowerCase()
  return new Set([...allowedHosts, ...origins, own, `${own}.local`])
}

function isKnown(name: string, known: ReadonlySet<string>): boolean {
  const isAddress = isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
  return isAddress || isLoopback(name) || known.has(name)
}
