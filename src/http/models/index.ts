/** Models over HTTP: what there is, bringing and removing its files (`/v1/models`), loading and unloading (`/api/ps`). */

import type { FastifyInstance } from 'fastify'
import { fileRoutes } from './file-routes.ts'
import { memoryRoutes } from './memory-routes.ts'
import type { ModelRoutesOptions } from './model-routes-options.ts'

export async function modelRoutes(app: FastifyInstance, options: ModelRoutesOptions): Promise<void> {
  await fileRoutes(app, options)
  await memoryRoutes(app, options)
}
