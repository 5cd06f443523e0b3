/** `paradox serve`: the HTTP service, until a signal ends it. */

import { type Config, type ModelSettings, readServiceConfig } from '../config.ts'
import { chooseDevice, unusedGpu } from '../devices/index.ts'
import { createEnginePool, Preload } from '../engine/index.ts'
import { ConfigError } from '../errors/index.ts'
import { claimFolderSync } from '../folders.ts'
import { type Service, ServiceMetrics, serve as serveHttp } from '../http/index.ts'
import { createLogger } from '../logger.ts'
import { ModelRegistry } from '../models/registry.ts'
import { KEY_SETTINGS } from '../settings.ts'

export interface ServeOptions {
  /** Both go before HOST and PORT of the environment, and are checked as these are. */
  readonly host?: string | undefined
  readonly port?: string | undefined
  /** Told once it listens; the host is the one of the settings, such as 0.0.0.0. */
  readonly onListening?: ((address: { readonly host: string; readonly port: number }) => void) | undefined
}

/**
 * Serves until the signal is aborted and everything that ran has ended. Only models of PRELOAD_MODELS are loaded before
 * a request asks for them.
 *
 * @throws {ConfigError | DeviceUnavailableError | AddressUnavailableError} at the start.
 */
export async function serve({ host, port, onListening = () => {} }: ServeOptions, signal: AbortSignal): Promise<void> {
  const { env } = process
  const config = readServiceConfig({ ...env, HOST: host ?? env.HOST, PORT: port ?? env.PORT })
  for (const name of KEY_SETTINGS) delete env[name] // they have been read, and nothing else in this process needs them
  const { service, preload } = await openService(config)
  const stop = new AbortController()
  const preloading = preload.run(AbortSignal.any([signal, stop.signal]))
  try {
    // It closes the transcriber, since the requests under way must end before the engines do.
    await serveHttp(service, { signal, onListening })
  } finally {
    stop.abort() // after a failed start, no signal has
    await preloading
  }
}

/** The parts of the service that the settings ask for, on the devices that are there. Nothing is loaded yet. */
async function openService(config: Config): Promise<{ service: Service; preload: Preload }> {
  claimFolderSync(config.engine.cacheDir, 'compiled')
  const registry = ModelRegistry.load(config.models)
  checkModelNames(registry, config.models)
  const preloaded = [...new Set(config.models.preload.map((id) => registry.get(id).id))]
  checkPreloads(preloaded, config.models)

  const logger = createLogger(config.logLevel)
  const settings = await chooseDevice(config.engine, logger)
  for (const device of config.devices.slice(1)) await chooseDevice({ ...config.engine, device }, logger)
  const unused = await unusedGpu(config.engine, settings)
  if (unused) logger.warn({ gpu: unused.gpu, remedy: unused.remedy }, unused.message)

  const metrics = new ServiceMetrics()
  const transcriber = createEnginePool({
    resolve: (id) => registry.get(id),
    maxLoadedModels: config.models.maxLoaded,
    maxMemoryBytes: config.models.maxMemoryBytes,
    ttlMs: config.models.ttlMs,
    keepLoaded: preloaded,
    maxConcurrency: config.admission.maxConcurrency,
    maxQueue: config.admission.maxQueue,
    settings,
    devices: [settings.device, ...config.devices.slice(1)],
    logger,
    onEvent: metrics.onEngineEvent,
  })
  const preload = new Preload({ models: preloaded, transcriber, tempDir: config.tempDir, logger })
  const readiness = [() => preload.whyNotReady()]
  const warnings = unused ? [`${unused.message}. ${unused.remedy}`] : []
  return { service: { config, registry, transcriber, readiness, warnings, metrics, logger }, preload }
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

/** @throws {ConfigError} where the last models to be loaded would push out the first. */
function checkPreloads(preloaded: readonly string[], { maxLoaded }: ModelSettings): void {
  if (preloaded.length <= maxLoaded) return
  throw new ConfigError(
    'PRELOAD_MODELS',
    preloaded.join(','),
    `at most ${maxLoaded} of these, or raise MAX_LOADED_MODELS`,
  )
}
