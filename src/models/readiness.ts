/** Whether a model could be loaded without any download or compilation. Free of the runtime: the service asks. */

import { compiledSources } from '../checkpoint/index.ts'
import type { EngineSettings } from '../config.ts'
import { cachedCheckpointFolder, isUpToDate } from '../hub/index.ts'
import type { Logger } from '../logger.ts'
import { compiledFolder, readCompiled } from './compiled/cache.ts'
import { compiledIdentity, resolveDevice } from './compiled/identity.ts'
import { knownFormats } from './precision/precision.ts'
import type { ModelEntry } from './registry.ts'

/**
 * True when the files of the model are on this machine, the hub has no newer ones, and they have been compiled for the
 * device of the settings. Reads little: damage beyond sizes and checksums shows when the model is opened.
 *
 * @throws whatever keeps the files from being read; the signal's reason after an abort.
 */
export async function isReady(
  entry: ModelEntry,
  settings: EngineSettings,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Logger },
): Promise<boolean> {
  // The disk first: where something is missing on it, the hub need not be asked.
  if (!(await isCompiled(entry, settings))) return false
  const { hub, cacheDir } = settings
  return await isUpToDate(entry, { hub, cacheDir, signal, log: logger })
}

async function isCompiled(entry: ModelEntry, settings: EngineSettings): Promise<boolean> {
  const cached = await cachedCheckpointFolder(entry, settings)
  if (cached === undefined) return false
  const { folder, processorFolder } = cached
  const sources = await compiledSources(folder, processorFolder === undefined ? {} : { processorFolder })
  const device = resolveDevice(settings.device)
  const formats = knownFormats({ ...settings, session: { device }, width: sources.config.dModel })
  if (formats === undefined) return false
  const identity = compiledIdentity(sources, formats, device)
  return readCompiled(compiledFolder(settings.cacheDir, identity)) !== undefined
}
