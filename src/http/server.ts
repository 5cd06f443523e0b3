/** The HTTP service put together: limits, logging, errors, and one plugin per surface. */

import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Config } from '../config.ts'
import type { Transcriber } from '../engine/transcriber.ts'
import { ServiceClosingError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { docs } from './docs.ts'
import { answerClientError, answerFrameworkError, handleErrors, handleUnknownRoutes } from './error-handler.ts'
import { healthRoute } from './health-route.ts'
import { isStillSending, lingerAfterAnswer } from './lingering-close.ts'
import {
  metricsRoute,
  observeWork,
  probeRoutes,
  type ReadinessCheck,
  ServiceMetrics,
  type Tracing,
} from './observability/index.ts'
import { logRequests } from './request-log.ts'
import { TempFiles } from './temp-files.ts'
import { transcribeRoute } from './transcribe-route.ts'
import { isTooLarge } from './upload.ts'

export interface ServerOptions {
  readonly transcriber: Transcriber
  readonly config: Config
  readonly logger: Logger
  /** Its abort ends the requests under way; they are answered with its reason. */
  readonly cut?: AbortSignal
  /** Metrics that others than the server write to as well; by default its own. */
  readonly metrics?: ServiceMetrics | undefined
  /** What keeps `GET /readyz` from saying yes. */
  readonly readiness?: readonly ReadinessCheck[] | undefined
  readonly tracing?: Tracing | undefined
}

/** A server that does not listen yet. Closing it waits for the requests under way and deletes its temporary files. */
export function createServer(options: ServerOptions): FastifyInstance {
  const { config, logger, cut, tracing, metrics = new ServiceMetrics(), readiness = [] } = options
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger, // else its type would spread into every signature
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomUUID(),
    // The head of a request has 30 s. The body has no limit, nor has the answer: 1 GB over a slow line and the
    // transcription of a day both take hours. A silent upload is ended by upload.ts, a dead client by TCP keep-alive.
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 75_000, // longer than the 60 s after which common proxies drop an idle connection themselves
    http: { headersTimeout: 30_000, keepAlive: true, keepAliveInitialDelay: 60_000 },
    routerOptions: { ignoreTrailingSlash: true },
    return503OnClosing: false, // ours answers in the contract's form
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  })
  const tempFiles = new TempFiles(config.tempDir)
  app.addHook('onClose', () => tempFiles[Symbol.asyncDispose]())

  const observers = [metrics.observeWork, ...(tracing ? [tracing.observeWork] : [])]
  const transcriber = observeWork(options.transcriber, observers)
  metrics.watchState(transcriber, readiness)

  logRequests(app)
  metrics.measureRequests(app, transcriber)
  tracing?.traceRequests(app)
  handleErrors(app)
  handleUnknownRoutes(app)
  endConnections(app)
  leaveBodiesToRoutes(app, config.maxUploadBytes)
  app.addHook('onSend', async (_request, reply) => {
    // The original's answers carry no charset, and a caller may compare the header as a whole.
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') {
      reply.header('content-type', 'application/json')
    }
  })

  app.register(async (routes) => {
    await docs(routes)
    await healthRoute(routes, { transcriber })
    await probeRoutes(routes, { readiness })
    await metricsRoute(routes, { metrics })
    await transcribeRoute(routes, { transcriber, config, tempFiles, cut: cut ?? new AbortController().signal })
  })
  return app
}

/** Connections end with the answer when the service is closing, and gently when the client is still sending. */
function endConnections(app: FastifyInstance): void {
  let isClosing = false
  const connections = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  app.addHook('preClose', async () => {
    isClosing = true
    // Browsers open connections in advance. Node does not count them as idle and would wait for their first request.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
  })
  app.addHook('onRequest', async () => {
    if (isClosing) throw new ServiceClosingError()
  })
  app.addHook('onSend', async (request, reply) => {
    const isSending = isStillSending(request.raw)
    if (isSending) lingerAfterAnswer(request.raw)
    if (isSending || isClosing) reply.header('connection', 'close')
  })
}

/** No body is parsed, of whatever type: the one route that has a body streams it, and judges its type in its own words. */
function leaveBodiesToRoutes(app: FastifyInstance, maxUploadBytes: number): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.server.on('checkContinue', (request, response) => {
    // The client asks before it sends. One that announces too much gets its 413 without having sent anything.
    if (!isTooLarge(request, maxUploadBytes)) response.writeContinue()
    app.server.emit('request', request, response)
  })
}
