/** `GET /livez` and `GET /readyz`: should the service be restarted, should it get requests. */

import type { FastifyInstance } from 'fastify'
import '../security/caller.ts' // which tells Fastify of isPublic
import { livezResponses, readyzResponses } from './schemas.ts'

/** Why the service should get no requests at this moment, as a half sentence; undefined where it may. */
export type ReadinessCheck = () => string | undefined

export function reasonsNotReady(checks: readonly ReadinessCheck[]): string[] {
  return checks.map((check) => check()).filter((reason) => reason !== undefined)
}

/** In shutdown both are answered with 503, as everything is. */
export async function probeRoutes(
  app: FastifyInstance,
  { readiness, hasKeys }: { readonly readiness: readonly ReadinessCheck[]; readonly hasKeys: boolean },
): Promise<void> {
  const config = { isPublic: true }
  const livez = { summary: 'Is the process alive; answered from memory', response: livezResponses }
  app.get('/livez', { config, schema: livez }, async () => ({ status: 'ok' }))

  const readyz = { summary: 'Should the service get requests now', response: readyzResponses }
  app.get('/readyz', { config, schema: readyz }, async ({ keyNumber }, reply) => {
    const reasons = reasonsNotReady(readiness)
    if (reasons.length === 0) return { status: 'ready' }
    // They name models and their repositories, which are no concern of strangers.
    if (hasKeys && keyNumber === undefined) reasons.length = 0
    return reply.code(503).send({ status: 'not ready', reasons })
  })
}
