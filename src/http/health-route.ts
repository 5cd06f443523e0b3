/** `GET /health` and its details: answered from memory, so also while a model loads or transcribes. */

import type { FastifyInstance } from 'fastify'
import type { Transcriber } from '../engine/transcriber.ts'
import { engineObjects, enginesProperty } from './models/index.ts'
import { healthResponses } from './transcribe/index.ts'

export interface HealthRouteOptions {
  readonly transcriber: Transcriber
  /** What the operator had better know; sentences. */
  readonly warnings: readonly string[]
}

export async function healthRoute(app: FastifyInstance, { transcriber, warnings }: HealthRouteOptions): Promise<void> {
  const health = () => ({ status: 'ok', active_model: transcriber.activeModel() })

  const schema = { summary: 'Is the service up, and which model is loaded', response: healthResponses }
  app.get('/health', { schema, config: { isPublic: true } }, async () => health())

  const [{ properties, required }, { models }] = [healthResponses[200], enginesProperty]
  const details = {
    summary: 'The same, with the memory of each model and warnings',
    response: {
      200: {
        description: 'The service answers.',
        type: 'object',
        required: [...required, 'models', 'warnings'],
        properties: {
          ...properties,
          models,
          warnings: {
            type: 'array',
            items: { type: 'string' },
            description: 'What the operator had better know, such as a GPU that is not used.',
          },
        },
      },
    },
  }
  // Not public as its short form is: what a service runs is no concern of strangers.
  app.get('/health/details', { schema: details }, async () => ({
    ...health(),
    models: engineObjects(transcriber),
    warnings,
  }))
}
