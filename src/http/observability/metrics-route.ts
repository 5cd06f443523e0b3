/** `GET /metrics`, for Prometheus. */

import type { FastifyInstance } from 'fastify'
import { metricsResponses } from './schemas.ts'
import type { ServiceMetrics } from './service-metrics.ts'

export async function metricsRoute(app: FastifyInstance, { metrics }: { metrics: ServiceMetrics }): Promise<void> {
  const schema = { summary: 'What the service has done and is doing, for Prometheus', response: metricsResponses }
  app.get('/metrics', { schema }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return await metrics.text()
  })
}
