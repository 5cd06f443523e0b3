/** The SDK of OpenTelemetry, put together as its standard variables say; imported only where traces are wanted. */

import {
  type Context,
  context,
  DiagLogLevel,
  diag,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { FastifyInstance } from 'fastify'
import { AsrError } from '../../errors/index.ts'
import type { Logger } from '../../logger.ts'
import { PACKAGE } from '../../package-info.ts'
import { isQuiet, outcomeOf } from '../connections/index.ts'
import type { ObservedWork, WorkWatch } from './work-observer.ts'

/** A collector that is away must not keep the service from ending. */
const LAST_SPANS_MS = 2_000

export class OtlpTracing {
  readonly #provider: NodeTracerProvider
  readonly #tracer: Tracer

  constructor(logger: Logger) {
    const say = (what: string) => logger.warn({ what: plainly(what) }, 'OpenTelemetry has a problem')
    const silent = () => {}
    diag.setLogger(
      { error: say, warn: say, info: silent, debug: silent, verbose: silent },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    )
    const own = resourceFromAttributes({ 'service.name': PACKAGE.name, 'service.version': PACKAGE.version })
    this.#provider = new NodeTracerProvider({
      resource: defaultResource()
        .merge(own)
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
    })
    this.#provider.register()
    this.#tracer = this.#provider.getTracer(PACKAGE.name, PACKAGE.version)
  }

  /**
   * Gives every request a span; to be called before other hooks, which may refuse a request.
   *
   * A hook of our own, since @fastify/otel ends a request's span when its answer begins, has 200 where the client went
   * away, and records queries, which may hold a secret.
   *
   * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
   */
  traceRequests(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      const route = request.routeOptions.url
      if (isQuiet(route)) return done()
      const parent = propagation.extract(ROOT_CONTEXT, request.headers)
      const attributes = {
        'http.request.method': request.method,
        'url.scheme': request.protocol,
        'url.path': request.url.split('?', 1)[0]!,
        'paradox.request_id': request.id,
        ...(route === undefined ? {} : { 'http.route': route }),
      }
      const name = route === undefined ? request.method : `${request.method} ${route}`
      const span = this.#tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent)
      request.log = request.log.child({ traceId: span.spanContext().traceId })
      reply.raw.once('close', () => {
        const { status } = outcomeOf(request, reply)
        span.setAttribute('http.response.status_code', status)
        if (request.facts.code !== undefined) span.setAttribute('error.type', request.facts.code)
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      })
      // Whatever the request does from here on finds its span as the active one.
      context.with(trace.setSpan(parent, span), done)
    })
  }

  /** Gives the wait and the work of a recording spans below that of its request. */
  readonly observeWork = ({ kind, modelId }: ObservedWork): WorkWatch => {
    const parent = context.active()
    const attributes = { 'paradox.model': modelId ?? '(unknown)' }
    let span = this.#startSpan('queue', attributes, parent)
    return {
      started: () => {
        span.end()
        span = this.#startSpan(kind, attributes, parent)
      },
      timed({ steps, windowSteps }) {
        if (steps > 0) span.setAttribute('paradox.batch_fill', windowSteps / steps)
      },
      done(transcription) {
        if (transcription) {
          span.setAttribute('paradox.audio_seconds', transcription.durationSeconds)
          span.setAttribute('paradox.windows', transcription.statistics.windows)
        }
        span.end()
      },
      failed(error) {
        span.setAttribute('error.type', error instanceof AsrError ? error.code : (error as Error).name)
        span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
  }

  /** Sends what has not been sent yet, or gives up soon. */
  async close(): Promise<void> {
    const timeUp = Promise.withResolvers<void>()
    const timer = setTimeout(timeUp.resolve, LAST_SPANS_MS)
    // Failures have been logged.
    await Promise.race([this.#provider.shutdown().catch(() => {}), timeUp.promise])
    clearTimeout(timer)
    trace.disable()
    context.disable()
    propagation.disable()
    diag.disable()
  }

  #startSpan(name: string, attributes: Record<string, string>, parent: Context): Span {
    return this.#tracer.startSpan(name, { attributes }, parent)
  }
}

/** The SDK hands errors on as JSON texts that hold a stack. */
function plainly(what: string): string {
  try {
    return (JSON.parse(what) as { message?: string }).message ?? what
  } catch {
    return what
  }
}
