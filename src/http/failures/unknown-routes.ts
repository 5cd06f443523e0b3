/**
 * Requests for what no route has: in whose form they are answered, and which address was meant. A client with a base URL
 * that is one `/v1` off asks for an address that is nearly right, and shows its user no more than the answer says.
 */

import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ErrorForm, FailureScope } from './error-forms.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** What routes of models have a wildcard for, an id. */
const WILDCARD = /^(\/v1\/models\/|\/api\/ps\/).+$/

/** Of an address in a sentence. */
const LONGEST_SHOWN = 200

/** Failures in the form of the first scope that an address lies in, or was meant to lie in; all others in the other form. */
export function formByAddress(scopes: readonly FailureScope[], otherwise: ErrorForm): ErrorForm {
  return (error, request) => (scopeOf(request, scopes)?.form ?? otherwise)(error, request)
}

/**
 * Has requests for what no route has answered too: 405 for an address that exists under other methods, else 404. Within
 * the scopes a sentence says what would be right; elsewhere stand FastAPI's words, which are those of HTTP.
 */
export function answerUnknownRoutes(app: FastifyInstance, scopes: readonly FailureScope[], form: ErrorForm): void {
  app.setNotFoundHandler((request, reply) => {
    const address = addressOf(request)
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url: address.replace(WILDCARD, '$1*') }))
    const status = allowed.length === 0 ? 404 : 405
    if (status === 405) reply.header('allow', allowed.join(', '))
    const scope = scopeOf(request, scopes)
    const sentence = scope && (whatIsMeant(request, scope, scopes) ?? whatThereIs(request, scope, allowed))
    const { body } = form({ statusCode: status, message: sentence ?? STATUS_CODES[status] }, request)
    return reply.code(status).send(body)
  })
}

function whatIsMeant(
  request: FastifyRequest,
  scope: FailureScope,
  scopes: readonly FailureScope[],
): string | undefined {
  for (const { meant, baseUrl } of [scope, ...scopes]) {
    const route = meantBy(request, meant)
    if (route === addressOf(request)) return undefined
    if (route) return `${noSuch(request)}: the address is ${route}. ${baseUrl}`
  }
  return undefined
}

function whatThereIs(
  request: FastifyRequest,
  { others }: FailureScope,
  allowed: readonly string[],
): string | undefined {
  if (allowed.length === 0) return others && `${noSuch(request)}: ${others}`
  return `${noSuch(request)}: use ${allowed.filter((method) => method !== 'HEAD').join(' or ')}.`
}

function noSuch(request: FastifyRequest): string {
  const address = addressOf(request)
  const shown = address.length > LONGEST_SHOWN ? `${address.slice(0, LONGEST_SHOWN)}…` : address
  return `There is no ${request.method} ${shown} here`
}

function scopeOf(request: FastifyRequest, scopes: readonly FailureScope[]): FailureScope | undefined {
  const address = addressOf(request)
  const isBelow = (above: string) => address === above || address.startsWith(`${above}/`)
  return (
    scopes.find(({ paths, meant }) => paths.some(isBelow) || meantBy(request, meant) !== undefined) ??
    scopes.find(({ alike }) => alike?.test(address))
  )
}

function meantBy(request: FastifyRequest, meant: FailureScope['meant']): string | undefined {
  const asked = `${request.method} ${addressOf(request)}`.replace(/(?:%20|%0a|%0d)+$/i, '') // pasted with the address
  return meant.find(([pattern]) => pattern.test(asked))?.[1]
}

/** The path of a request as routes are looked for: no slash is doubled, or at the end. */
function addressOf({ url }: FastifyRequest): string {
  const path = url.split('?', 1)[0]!.replace(/\/{2,}/g, '/')
  return path.replace(/(?<=.)\/$/, '')
}
