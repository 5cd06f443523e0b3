/** `GET /health` and its details: answered from memory, so also while a model loads or transcribes. */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Transcriber } from '../../../engine/transcriber.ts'
import { type DataOf, jsonSchema } from '../../../schema.ts'
import { enginesSchema } from '../../models/model-answers.ts'
import { engineObjects } from '../../models/model-object.ts'

export interface HealthRoutesOptions {
  readonly transcriber: Transcriber
  /** What the operator had better know; sentences. */
  readonly warnings: readonly string[]
}

const healthSchema = z.object({
  status: z.literal('ok'),
  active_model: z.string().nullable().describe('The loaded model that served most recently.'),
})
const detailsSchema = healthSchema.extend({
  ...enginesSchema.shape,
  warnings: z.array(z.string()).describe('What the operator had better know, such as a GPU that is not used.'),
})

const healthExamples = {
  nothing_loaded: { value: { status: 'ok', active_model: null } },
  loaded: { value: { status: 'ok', active_model: 'freds0' } },
} satisfies Record<string, { value: DataOf<typeof healthSchema> }>

export async function healthRoutes(
  app: FastifyInstance,
  { transcriber, warnings }: HealthRoutesOptions,
): Promise<void> {
  const health = () => ({ status: 'ok', active_model: transcriber.activeModel() }) as const
  const description = 'The service answers.'

  const short = {
    summary: 'Is the service up, and which model is loaded',
    response: { 200: { ...jsonSchema(healthSchema), description, 'x-examples': healthExamples } },
  }
  app.get(
    '/health',
    { schema: short, config: { isPublic: true } },
    async (): Promise<DataOf<typeof healthSchema>> => health(),
  )

  const details = {
    summary: 'The same, with the memory of each model and warnings',
    response: { 200: { ...jsonSchema(detailsSchema), description } },
  }
  // Not public as its short form is: what a service runs is no concern of strangers.
  app.get(
    '/health/details',
    { schema: details },
    async (): Promise<DataOf<typeof detailsSchema>> => ({ ...health(), models: engineObjects(transcriber), warnings }),
  )
}
