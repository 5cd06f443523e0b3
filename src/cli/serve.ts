/** `paradox serve`: the HTTP service, until a signal ends it. */

import { readConfig } from '../config.ts'
import { createEnginePool, ensureDevice } from '../engine/index.ts'
import { ConfigError } from '../errors.ts'
import { serve as serveHttp } from '../http/index.ts'
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
  const registry = ModelRegistry.load(config.modelsFile)
  if (!registry.has(config.defaultModelId)) {
    const ids = registry.list().map((entry) => entry.id)
    throw new ConfigError('DEFAULT_MODEL_ID', config.defaultModelId, `one of ${ids.join(', ')}`)
  }

  await ensureDevice(config.engine.device)

  const logger = createLogger(config.logLevel)
  const transcriber = createEnginePool({
    resolve: (id) => registry.get(id),
    maxLoadedModels: config.maxLoadedModels,
    settings: config.engine,
    logger,
  })
  // It closes the transcriber, since the requests under way must end before the engines do.
  await serveHttp({ config, transcriber, logger, signal })
}
