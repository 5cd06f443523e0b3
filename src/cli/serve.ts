/** `paradox serve`: the HTTP service, until a signal ends it. */

import { type ModelSettings, readConfig } from '../config.ts'
import { createEnginePool, ensureDevice } from '../engine/index.ts'
import { ConfigError } from '../errors/index.ts'
import { ServiceMetrics, serve as serveHttp } from '../http/index.ts'
import { createLogger } from '../logger.ts'
import { ModelRegistry } from '../models/registry.ts'

export interface ServeOptions {
  /** Both go before HOST and PORT of the environment, and are checked as these are. */
  readonly host?: string | undefined
  readonly port?: string | undefined
}

/**
 * Serves until the signal is aborted and everything that ran has ended. No model is loaded before the first request.
 *
 * @throws {ConfigError | DeviceUnavailableError | AddressUnavailableError} at the start.
 */
export async function serve({ host, port }: ServeOptions, signal: AbortSignal): Promise<void> {
  const { env } = process
  const config = readConfig({ ...env, HOST: host ?? env.HOST, PORT: port ?? env.PORT })
  const registry = ModelRegistry.load(config.models)
  checkModelNames(registry, config.models)

  await ensureDevice(config.engine.device)

  const logger = createLogger(config.logLevel)
  const metrics = new ServiceMetrics()
  const transcriber = createEnginePool({
    resolve: (id) => registry.get(id),
    maxLoadedModels: config.models.maxLoaded,
    settings: config.engine,
    logger,
    onEvent: metrics.onEngineEvent,
  })
  // It closes the transcriber, since the requests under way must end before the engines do.
  await serveHttp({ config, transcriber, logger, signal, metrics })
}

/** @throws {ConfigError} for a setting that names a model which is not there. */
function checkModelNames(registry: ModelRegistry, { defaultId, aliases, preload }: ModelSettings): void {
  const allowed = `one of ${registry
    .list()
    .map(({ id }) => id)
    .join(', ')}`
  if (!registry.find(defaultId)) throw new ConfigError('DEFAULT_MODEL_ID', defaultId, allowed)
  for (const [alias, id] of aliases) {
    if (!registry.find(id)) throw new ConfigError('MODEL_ALIASES', `${alias}=${id}`, `${alias}= and ${allowed}`)
  }
  for (const id of preload) if (!registry.find(id)) throw new ConfigError('PRELOAD_MODELS', id, allowed)
}
