/** Pools of engines put together from the settings: one for many models, or one model at work. */

import { audioOptions, probeAudio } from '../audio/index.ts'
import type { Config, EngineSettings } from '../config.ts'
import { chooseDevice } from '../devices/index.ts'
import { type ModelEntry, ModelRegistry } from '../models/registry.ts'
import { EnginePool, type EnginePoolOptions } from './pool.ts'

/** A pool that looks into a recording before it swaps a model in for it. */
export function createEnginePool(options: Omit<EnginePoolOptions, 'checkAudio'>): EnginePool {
  const { settings, logger } = options
  return new EnginePool({
    ...options,
    checkAudio: async (path, signal) => await probeAudio(path, audioOptions(settings, { signal, logger })),
  })
}

export type OneModelOptions = Pick<EnginePoolOptions, 'logger' | 'ttlMs' | 'onLoading' | 'onEvent'>

/**
 * A pool of this one model, which it has for every id. Nothing is loaded yet.
 *
 * @param settings  with the device that was chosen.
 */
export function poolOf(entry: ModelEntry, settings: EngineSettings, options: OneModelOptions): EnginePool {
  return createEnginePool({ resolve: () => entry, maxLoadedModels: 1, settings, ...options })
}

/**
 * The same for the model of this id, on the device that is there.
 *
 * @param id  of the registry, an alias, a hub repository or a folder.
 * @throws {ModelUnknownError | ConfigError | DeviceUnavailableError}
 */
export async function openModel(
  id: string,
  { models, engine }: Pick<Config, 'models' | 'engine'>,
  options: OneModelOptions,
): Promise<EnginePool> {
  const entry = ModelRegistry.load(models).resolve(id)
  return poolOf(entry, await chooseDevice(engine, options.logger), options)
}
