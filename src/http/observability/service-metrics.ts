/** Brings what happens in the service into its metrics. */

import type { FastifyInstance } from 'fastify'
import type { EngineEvent, Transcriber } from '../../engine/index.ts'
import { droppedLogLines } from '../../logger.ts'
import { outcomeOf } from '../connections/index.ts'
import { createMetrics } from './metrics.ts'
import { type ReadinessCheck, reasonsNotReady } from './probe-routes.ts'
import { metricsResponses } from './schemas.ts'
import type { WorkObserver } from './work-observer.ts'

export class ServiceMetrics {
  readonly #metrics = createMetrics()
  readonly #labels = new ModelLabels()
  #collect: () => Promise<void> = async () => {}

  get contentType(): string {
    return this.#metrics.registry.contentType
  }

  /** All metrics as they are now, in Prometheus's text format. */
  async text(): Promise<string> {
    await this.#collect()
    return await this.#metrics.registry.metrics()
  }

  /** Counts all requests; to be called before other hooks, which may refuse a request. */
  measureRequests(app: FastifyInstance, transcriber: Transcriber): void {
    const { requestsInProgress, requests, requestSeconds } = this.#metrics
    app.addHook('onRequest', async (request, reply) => {
      requestsInProgress.inc()
      reply.raw.once('close', () => {
        const { route, status, seconds } = outcomeOf(request, reply)
        const { modelId } = request.facts
        const model = modelId === undefined ? '(none)' : this.#labels.labelOf(transcriber.find(modelId)?.id)
        requestsInProgress.dec()
        requests.inc({ route, model, status })
        requestSeconds.observe({ route }, seconds)
      })
    })
  }

  /** Measures work from its arrival at the transcriber on: its wait, what it takes, what it gives. */
  readonly observeWork: WorkObserver = ({ modelId }) => {
    const metrics = this.#metrics
    const model = this.#labels.labelOf(modelId)
    const arrivedAtMs = performance.now()
    let isWaiting = true
    let decodeSeconds = 0
    metrics.queueLength.inc()
    const leaveQueue = (): boolean => {
      const wasWaiting = isWaiting
      isWaiting = false
      if (wasWaiting) metrics.queueLength.dec()
      return wasWaiting
    }
    return {
      started() {
        if (leaveQueue()) metrics.queueSeconds.observe({ model }, (performance.now() - arrivedAtMs) / 1000)
      },
      timed(timing) {
        decodeSeconds = timing.decodeSeconds
        metrics.decodeSeconds.observe({ model }, decodeSeconds)
        if (timing.steps > 0) metrics.batchFill.observe({ model }, timing.windowSteps / timing.steps)
      },
      done(transcription) {
        leaveQueue()
        if (!transcription) return
        const { durationSeconds, statistics } = transcription
        metrics.audioSeconds.inc({ model }, durationSeconds)
        metrics.windows.inc({ model }, statistics.windows)
        metrics.contextRepeats.inc({ model }, statistics.contextRepeats)
        metrics.temperatureRetries.inc({ model }, statistics.temperatureRetries)
        metrics.coverageRetries.inc({ model }, statistics.coverageRetries)
        if (decodeSeconds > 0) metrics.rtfx.observe({ model }, durationSeconds / decodeSeconds)
      },
      failed: () => void leaveQueue(),
    }
  }

  /** Counts loads and unloads; for the pool's `onEvent`. */
  readonly onEngineEvent = (event: EngineEvent): void => {
    const { modelLoads, modelLoadSeconds, modelUnloads } = this.#metrics
    const model = this.#labels.labelOf(event.modelId)
    switch (event.type) {
      case 'loaded':
        modelLoads.inc({ model, outcome: 'loaded' })
        modelLoadSeconds.observe({ model }, event.seconds)
        break
      case 'load-failed':
        modelLoads.inc({ model, outcome: 'failed' })
        break
      case 'unloaded':
        modelUnloads.inc({ model, reason: event.reason })
        break
    }
  }

  /** Has what is a state rather than an event looked up whenever the metrics are asked for. */
  watchState(transcriber: Transcriber, readiness: readonly ReadinessCheck[]): void {
    const { ready, engineMemory, engineDeviceMemory, logLinesDropped } = this.#metrics
    this.#collect = async () => {
      ready.set(reasonsNotReady(readiness).length === 0 ? 1 : 0)
      logLinesDropped.reset() // it counts by itself
      logLinesDropped.inc(droppedLogLines())
      engineMemory.reset() // of those that are gone nothing may stay
      engineDeviceMemory.reset()
      for (const { modelId, residentBytes, deviceBytes } of transcriber.engines()) {
        const model = this.#labels.labelOf(modelId)
        if (residentBytes !== undefined) engineMemory.set({ model }, residentBytes)
        if (deviceBytes !== undefined) engineDeviceMemory.set({ model }, deviceBytes)
      }
    }
  }
}

/** `GET /metrics`, for Prometheus. */
export async function metricsRoute(app: FastifyInstance, { metrics }: { metrics: ServiceMetrics }): Promise<void> {
  const schema = { summary: 'What the service has done and is doing, for Prometheus', response: metricsResponses }
  app.get('/metrics', { schema }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return await metrics.text()
  })
}

/** More than a service has; where ALLOWED_MODELS lets callers name any repository, there could be thousands. */
const MOST_MODELS = 100

/** Names of models as labels. Each is a series of its own for every metric, so strangers must not make up new ones. */
class ModelLabels {
  readonly #known = new Set<string>()

  /** @param modelId  of a model of this service; undefined where a request named another. */
  labelOf(modelId: string | undefined): string {
    if (modelId === undefined) return '(unknown)'
    if (!this.#known.has(modelId) && this.#known.size >= MOST_MODELS) return '(other)'
    this.#known.add(modelId)
    return modelId
  }
}
