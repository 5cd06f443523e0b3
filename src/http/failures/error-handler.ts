/** Answers every failure, of routes, of the framework and of the parser of HTTP. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AsrError } from '../../errors/index.ts'
import { type ErrorForm, type FailureScope, headersOf } from './error-forms.ts'

/** Has every failure of a plugin's routes, and of the plugins in it, answered in this form. */
export function answerFailures(app: FastifyInstance, form: ErrorForm): void {
  app.setErrorHandler((error, request, reply) => {
    if (reply.raw.destroyed) return reply.send() // the client is gone, and the request's log line says so
    const { status, body } = form(error, request)
    if (error instanceof AsrError) request.facts.code = error.code
    if (status === 500) {
      const level = error instanceof AsrError ? 'warn' : 'error'
      request.log[level]({ err: error }, 'request failed')
    }
    return reply.code(status).headers(headersOf(error)).serializer(JSON.stringify).type('application/json').send(body)
  })
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** What routes of models have a wildcard for, an id. */
const WILDCARD = /^(\/v1\/models\/|\/api\/ps\/).+$/

/** Has requests for what no route has answered too: below the paths of a scope in its form, elsewhere in the other. */
export function answerUnknownRoutes(app: FastifyInstance, scopes: readonly FailureScope[], otherwise: ErrorForm): void {
  setNotFoundHandler(app, otherwise)
  for (const { paths, form } of scopes) {
    for (const prefix of paths) {
      app.register(
        async (below) => {
          answerFailures(below, form) // such as of a missing key, which comes before the 404
          setNotFoundHandler(below, form)
        },
        { prefix },
      )
    }
  }
}

/** 405 for a path that exists under other methods, else 404, in FastAPI's words, which are those of HTTP. */
function setNotFoundHandler(app: FastifyInstance, form: ErrorForm): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!.replace(/(?<=.)\/$/, '')
    const route = path.replace(WILDCARD, '$1*')
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url: route }))
    const status = allowed.length === 0 ? 404 : 405
    if (status === 405) reply.header('allow', allowed.join(', '))
    const { body } = form({ statusCode: status, message: STATUS_CODES[status] }, request)
    return reply.code(status).send(body)
  })
}

/** Answers requests that are broken before any route is looked for: an address that cannot be decoded, for example. */
export function frameworkErrorHandler(scopes: readonly FailureScope[], otherwise: ErrorForm) {
  return ({ statusCode = 400, message }: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split('?', 1)[0]!
    const isBelow = (above: string) => path === above || path.startsWith(`${above}/`)
    const form = scopes.find(({ paths }) => paths.some(isBelow))?.form ?? otherwise
    // No hook of ours runs here; with a serializer of its own the content type stays without a charset, as elsewhere.
    reply
      .code(statusCode)
      .header('content-type', 'application/json')
      .header('x-request-id', request.id)
      .serializer(JSON.stringify)
    void reply.send(form({ statusCode, message }, request).body)
  }
}

const PARSER_STATUS: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** Answers bytes that are no HTTP request, too large a head, or a head that never ends; there is no reply object yet. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = PARSER_STATUS[error.code ?? ''] ?? 400
  const body = JSON.stringify({ detail: STATUS_CODES[status] })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}
