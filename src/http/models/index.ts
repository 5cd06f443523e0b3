/** Models over HTTP: what there is, bringing and removing its files (`/v1/models`), loading and unloading (`/api/ps`). */

import type { FastifyInstance } from 'fastify'
import { answerFailures } from '../failures/error-handler.ts'
import { openAiForm } from '../surfaces/openai/errors.ts'
import { fileRoutes } from './file-routes.ts'
import { memoryRoutes } from './memory-routes.ts'
import type { ModelRoutesOptions } from './model-routes-options.ts'

export async function modelRoutes(app: FastifyInstance, options: ModelRoutesOptions): Promise<void> {
  await app.register(async (routes) => {
    // No body is looked at, so its type does not matter; the framework would refuse one that is not well-formed.
    routes.addHook('onRequest', async ({ raw }) => void delete raw.headers['content-type'])
    answerFailures(routes, openAiForm)
    await fileRoutes(routes, options)
    await memoryRoutes(routes, options)
  })
}
