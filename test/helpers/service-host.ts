/**
 * The whole service in a process of its own, as `paradox serve` runs it, plus one thing that has no route: unloading a
 * model on demand. Run by `service-process.ts`.
 */

import { readConfig } from '../../src/config.ts'
import { createEnginePool } from '../../src/engine/index.ts'
import { ServiceMetrics, serve } from '../../src/http/index.ts'
import { createLogger } from '../../src/logger.ts'
import { ModelRegistry } from '../../src/models/registry.ts'

const config = readConfig()
const registry = ModelRegistry.load(config.models)
const logger = createLogger(config.logLevel)
const metrics = new ServiceMetrics()
const pool = createEnginePool({
  resolve: (id) => registry.get(id),
  maxLoadedModels: config.models.maxLoaded,
  settings: config.engine,
  logger,
  onEvent: metrics.onEngineEvent,
})
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('disconnect', () => stop.abort())
process.on('message', async (modelId: string) => process.send!({ unloaded: await pool.unload(modelId) }))

await serve({
  config,
  transcriber: pool,
  logger,
  signal: stop.signal,
  metrics,
  onListening: ({ port }) => process.send!({ port }),
})
process.disconnect?.()
