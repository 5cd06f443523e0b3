/** The HTTP service put together: limits, logging, errors, and one plugin per surface. */

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import type { Config } from '../config.ts'
import type { Transcriber } from '../engine/transcriber.ts'
import { ServiceClosingError } from '../errors/index.ts'
import type { Logger } from '../logger.ts'
import { ModelLibrary } from '../models/library.ts'
import type { ModelRegistry } from '../models/registry.ts'
import {
  echoRequestIds,
  endUnreadAnswers,
  isStillSending,
  limitConnections,
  limitPipelining,
  lingerAfterAnswer,
  logRequests,
  requestIdOf,
} from './connections/index.ts'
import { docs } from './docs.ts'
import { answerClientError, answerFailures, frameworkErrorHandler } from './failures/error-handler.ts'
import { answerUnknownRoutes, formByAddress } from './failures/unknown-routes.ts'
import { modelRoutes } from './models/index.ts'
import {
  metricsRoute,
  probeRoutes,
  type ReadinessCheck,
  type ServiceMetrics,
  type Tracing,
  WorkObservers,
} from './observability/index.ts'
import { pageRoutes } from './page.ts'
import { isTooLarge, Recordings, TempFiles } from './recordings/index.ts'
import { callerOf } from './security/caller.ts'
import { secure, trustedProxies } from './security/secure.ts'
import { asrWebserviceFailures, asrWebserviceRoutes } from './surfaces/asr-webservice/routes.ts'
import { healthRoutes } from './surfaces/health/routes.ts'
import { openAiFailures } from './surfaces/openai/errors.ts'
import { openAiRoutes } from './surfaces/openai/routes.ts'
import { detailForm } from './surfaces/transcribe/errors.ts'
import { transcribeRoute } from './surfaces/transcribe/route.ts'
import { whisperCppFailures, whisperCppRoutes } from './surfaces/whisper-cpp/routes.ts'

/** The surfaces whose failures have another form than those of the first contract. */
const FAILURE_SCOPES = [openAiFailures, asrWebserviceFailures, whisperCppFailures]
/** Of what belongs to no route. */
const STRAY_FAILURES = formByAddress(FAILURE_SCOPES, detailForm)

/** The parts of a service, which cli/serve.ts opens. */
export interface Service {
  readonly config: Config
  readonly registry: ModelRegistry
  readonly transcriber: Transcriber
  readonly logger: Logger
  /** The transcriber's engines are counted in them as well. */
  readonly metrics: ServiceMetrics
  /** What keeps `GET /readyz` from saying yes. */
  readonly readiness: readonly ReadinessCheck[]
  /** What the operator had better know, for `GET /health/details`. */
  readonly warnings: readonly string[]
}

export interface ServerOptions {
  /** Its abort ends the requests under way; they are answered with its reason. */
  readonly cut: AbortSignal
  readonly tracing: Tracing | undefined
  /** How long a client may take nothing of its answer; a minute by default. */
  readonly unreadAnswerMs?: number
}

/** A server that does not listen yet. Closing it waits for the requests under way and deletes its temporary files. */
export function createServer(service: Service, { cut, tracing, unreadAnswerMs }: ServerOptions): FastifyInstance {
  const { config, registry, transcriber, logger, metrics } = service
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger, // else its type would spread into every signature
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: requestIdOf,
    trustProxy: trustedProxies(config.security.trustProxy),
    // The head of a request has 30 s. The body has no limit, nor has the answer: 1 GB over a slow line and the
    // transcription of a day both take hours. A silent upload is ended by upload-watch.ts, a client that does not read its
    // answer by unread-answers.ts, one that is dead by TCP keep-alive.
    requestTimeout: 0,
    connectionTimeout: 0,
    keepAliveTimeout: 75_000, // longer than the 60 s after which common proxies drop an idle connection themselves
    http: { headersTimeout: 30_000, keepAlive: true, keepAliveInitialDelay: 60_000 },
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    return503OnClosing: false, // ours answers in the contract's form
    frameworkErrors: frameworkErrorHandler(STRAY_FAILURES),
    clientErrorHandler: answerClientError,
  })
  const tempFiles = new TempFiles(config.tempDir)
  const observers = new WorkObservers([metrics.observeWork, ...(tracing ? [tracing.observeWork] : [])])
  const recordings = new Recordings({ transcriber, config, tempFiles, observers, cut })
  app.addHook('onClose', () => tempFiles[Symbol.asyncDispose]())
  const whyFull = () => (transcriber.queue.isFull ? 'The line of waiting requests is full.' : undefined)
  const whySilent = () => (transcriber.hasSilentEngine() ? 'A model does not answer.' : undefined)
  const readiness = [...service.readiness, whyFull, whySilent]
  metrics.watchState(transcriber, readiness)

  limitPipelining(app)
  logRequests(app)
  metrics.measureRequests(app, transcriber)
  tracing?.traceRequests(app)
  echoRequestIds(app)
  answerFailures(app, STRAY_FAILURES)
  app.setSerializerCompiler(() => JSON.stringify) // the schemas of answers document; each is written as it stands
  endConnections(app)
  endUnreadAnswers(app, unreadAnswerMs)
  limitConnections(app, config.admission.maxConnections)
  leaveBodiesToRoutes(app, (request) => {
    return transcriber.queue.isFullFor(callerOf(request)) || isTooLarge(request.raw, config.maxUploadBytes)
  })
  app.addHook('onSend', async (_request, reply) => {
    // The original's answers carry no charset, and a caller may compare the header as a whole.
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8') {
      reply.header('content-type', 'application/json')
    }
  })

  secure(app, config.security)
  app.register(async (routes) => {
    const hasKeys = config.security.apiKeyDigests.length > 0
    await docs(routes, { hasKeys })
    await pageRoutes(routes)
    await healthRoutes(routes, { transcriber, warnings: service.warnings })
    await probeRoutes(routes, { readiness, hasKeys })
    await metricsRoute(routes, { metrics })
    const library = new ModelLibrary({ registry, settings: config.engine, logger })
    await modelRoutes(routes, { transcriber, library, cut })
    const surface = { recordings, defaultModelId: config.models.defaultId }
    routes.register(transcribeRoute, surface)
    routes.register(openAiRoutes, { recordings, config })
    routes.register(asrWebserviceRoutes, surface)
    routes.register(whisperCppRoutes, surface)
    answerUnknownRoutes(routes, FAILURE_SCOPES, STRAY_FAILURES)
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

/**
 * No body is parsed, of whatever type: the routes that have one stream it, and judge its type in their own words.
 *
 * @param willBeRefused  tells of a request whose body has not been sent yet.
 */
function leaveBodiesToRoutes(app: FastifyInstance, willBeRefused: (request: FastifyRequest) => boolean): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  // A client that asks before it sends is told to go on when it has not been refused. One that announces too much, or
  // comes when the queue is full, gets its answer without having sent anything.
  const asking = new WeakSet<IncomingMessage>()
  app.server.on('checkContinue', (request, response) => {
    asking.add(request)
    app.server.emit('request', request, response)
  })
  app.addHook('preParsing', async (request, reply) => {
    if (asking.has(request.raw) && !willBeRefused(request)) reply.raw.writeContinue()
  })
}
