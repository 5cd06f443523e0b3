/** Answers every failure, of routes, of the framework and of the parser of HTTP. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AsrError } from '../../errors/index.ts'
import { type ErrorForm, headersOf } from './error-forms.ts'

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

/** Answers requests that are broken before any route is looked for: an address that cannot be decoded, for example. */
export function frameworkErrorHandler(form: ErrorForm) {
  return ({ statusCode = 400, message }: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
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
