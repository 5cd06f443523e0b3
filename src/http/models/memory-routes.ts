/** `/api/ps`: which models are in memory, as Ollama's and Speaches' clients ask for it; loading and unloading. */

import type { FastifyInstance } from 'fastify'
import type { EngineState } from '../../engine/transcriber.ts'
import { ModelAbsentError } from '../../errors/index.ts'
import { requestSignal } from '../connections/index.ts'
import { callerOf } from '../security/caller.ts'
import { engineObject, engineObjects } from './model-object.ts'
import { ADMIN, type ModelRequest, type ModelRoutesOptions, modelOf } from './model-routes-options.ts'
import { ModelWorkLimit } from './model-work-limit.ts'
import { loadSchema, psSchema, unloadSchema } from './schemas.ts'

/** One waits for a load before it asks for the next: two at a time would only swap one another out. */
const LOADS = { perCaller: 1, inAll: 16 }

export async function memoryRoutes(app: FastifyInstance, options: ModelRoutesOptions): Promise<void> {
  const { transcriber, cut } = options
  const engineOf = (id: string): EngineState | undefined => transcriber.engines().find(({ modelId }) => modelId === id)

  const loads = new ModelWorkLimit('loads', LOADS)

  app.get('/api/ps', { schema: psSchema }, async () => ({ models: engineObjects(transcriber) }))

  app.post('/api/ps/*', { schema: loadSchema }, async (request: ModelRequest, reply) => {
    const { entry } = modelOf(options, request)
    using _ = loads.enter(callerOf(request))
    const signal = requestSignal(reply, cut)
    const wasLoaded = engineOf(entry.id)?.state === 'loaded'
    try {
      await transcriber.load(entry.id, signal)
    } catch (error) {
      throw signal.aborted ? signal.reason : error // why it ended, rather than that it was aborted
    }
    const engine = engineOf(entry.id)
    // It may be gone already, for another model that a request waits for.
    const answer = engine ? engineObject(engine) : { id: entry.id, state: 'unloading' }
    return reply.code(wasLoaded ? 200 : 201).send(answer)
  })

  app.delete('/api/ps/*', { schema: unloadSchema, config: ADMIN }, async (request: ModelRequest) => {
    const { id, entry } = modelOf(options, request)
    if (!(await transcriber.unload(entry.id))) throw new ModelAbsentError(id, 'memory')
    return { id: entry.id, unloaded: true }
  })
}
