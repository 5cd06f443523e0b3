/** Turns every failure into the status and the `{"detail": ...}` that callers of the service rely on. */

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AsrError, type ErrorCode } from '../errors.ts'

export interface Answer {
  readonly status: number
  readonly detail: string
}

/** Everything expected that is not in this table is a failure of the processing: 500, as callers have always had it. */
const OWN_ANSWERS: Partial<Record<ErrorCode, (error: AsrError, request: FastifyRequest) => Answer>> = {
  ASR_UPLOAD_MISSING: () => ({ status: 400, detail: 'Nenhum arquivo enviado.' }),
  ASR_MODEL_UNKNOWN: (_, { facts }) => ({ status: 400, detail: `Modelo '${facts.modelId}' não suportado.` }),
  ASR_LANGUAGE_UNKNOWN: ({ sentence }) => ({ status: 400, detail: sentence }),
  ASR_OPTION_INVALID: ({ sentence }) => ({ status: 400, detail: sentence }),
  ASR_UPLOAD_STALLED: ({ sentence }) => ({ status: 408, detail: sentence }),
  ASR_UPLOAD_TOO_LARGE: ({ sentence }) => ({ status: 413, detail: sentence }),
  ASR_SERVICE_CLOSING: ({ sentence }) => ({ status: 503, detail: sentence }),
}

function answerTo(error: unknown, request: FastifyRequest): Answer {
  // By code rather than by class: an error that comes from an engine process has lost its class.
  if (error instanceof AsrError) return OWN_ANSWERS[error.code]?.(error, request) ?? processingFailed(error.sentence)
  const { statusCode = 500, message } = error as FastifyError
  if (statusCode < 500) return { status: statusCode, detail: message }
  return processingFailed(`unexpected failure; the service's log has the cause under request id ${request.id}.`)
}

function processingFailed(sentence: string): Answer {
  return { status: 500, detail: `Erro no processamento de áudio: ${sentence}` }
}

/** The handler of whatever a route or the framework throws. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (reply.raw.destroyed) return reply.send() // the client is gone, and the request's log line says so
    const { status, detail } = answerTo(error, request)
    if (error instanceof AsrError) request.facts.code = error.code
    if (status === 500) {
      const level = error instanceof AsrError ? 'warn' : 'error'
      request.log[level]({ err: error }, 'request failed')
    }
    return reply.code(status).send({ detail })
  })
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** 405 for a path that exists under other methods, else 404, in FastAPI's words. */
export function handleUnknownRoutes(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!.replace(/(?<=.)\/$/, '')
    const allowed = METHODS.filter((method) => app.hasRoute({ method, url: path }))
    if (allowed.length === 0) return reply.code(404).send({ detail: 'Not Found' })
    return reply.code(405).header('allow', allowed.join(', ')).send({ detail: 'Method Not Allowed' })
  })
}

/** Answers requests that are broken before any route is looked for: an address that cannot be decoded, for example. */
export function answerFrameworkError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  // No hook of ours runs here; with a serializer of its own the content type stays without a charset, as elsewhere.
  reply
    .code(error.statusCode ?? 400)
    .header('content-type', 'application/json')
    .serializer(JSON.stringify)
  void reply.send({ detail: error.message })
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
