/** `paradox models compile` and `paradox models prune`: the compiled cache, filled beforehand and tidied up. */

import { readConfig } from '../../config.ts'
import { chooseDevice } from '../../devices/index.ts'
import { type LoadingProgress, loadOnce } from '../../engine/index.ts'
import { CacheUnwritableError, isAbort } from '../../errors/index.ts'
import { listCompiled, machineIdentity, type Pruned, pruneCompiled } from '../../models/compiled/index.ts'
import { ModelRegistry } from '../../models/registry.ts'
import { commandLogger } from '../command-logger.ts'
import { describeFailure } from '../exit-codes.ts'
import type { Output } from '../output.ts'
import { createProgress } from '../progress/index.ts'
import { modelsHere } from './list.ts'

/**
 * Loads each model once, so that its first request does not wait for the compiler.
 *
 * @param ids  as `--model` takes them; none: all models of which the files are on this machine.
 * @returns    true when every model was compiled.
 * @throws {ConfigError | ModelUnknownError | DeviceUnavailableError} before anything is done.
 */
export async function compileModels(
  ids: readonly string[],
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<boolean> {
  const config = readConfig()
  const registry = ModelRegistry.load(config.models)
  const entries = ids.length > 0 ? ids.map((id) => registry.resolve(id)) : await modelsHere(config)
  if (entries.length === 0) output.stderr('paradox: no model is on this machine yet: name one, and it is downloaded\n')
  const logger = commandLogger(config)
  const settings = await chooseDevice(config.engine, logger)
  const progress = createProgress({ stream: process.stderr, files: new Map(), durationOf: async () => undefined })
  let isComplete = true
  for (const entry of entries) {
    const startedAt = new Date()
    let wasCompiled = false
    try {
      const onLoading = (loading: LoadingProgress) => {
        wasCompiled ||= loading.stage === 'compile'
        progress.loading(loading)
      }
      await loadOnce({ entry, settings, logger, onLoading, signal })
      progress.clear()
      const seconds = (Date.now() - startedAt.getTime()) / 1000
      const bytes = sizeOf(entry.id, startedAt)
      if (bytes === 0) throw new CacheUnwritableError('the compiled model') // a load does without, this command is for it
      const did = wasCompiled ? `compiled in ${seconds.toFixed(1)} s` : 'was compiled already'
      output.stdout(`${entry.id}  ${gigabytes(bytes)}  ${did}\n`)
    } catch (error) {
      progress.clear()
      if (signal.aborted || isAbort(error)) throw error
      isComplete = false
      output.stderr(`paradox: ${describeFailure(error)}\n`)
    }
  }
  return isComplete

  /** Size of the model that has just been loaded: it was used last, and under this name unless another has the same files. */
  function sizeOf(name: string, since: Date): number {
    const used = listCompiled(settings.cacheDir).filter(({ lastUsed }) => lastUsed.getTime() >= since.getTime() - 1000)
    const newest = used.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
    return (newest.find(({ manifest }) => manifest?.name === name) ?? newest[0])?.bytes ?? 0
  }
}

export interface PruneFlags {
  readonly all?: boolean | undefined
  readonly dryRun?: boolean | undefined
}

/**
 * Removes compiled models that are of no use here, and those over the size limit.
 *
 * @returns the text to print.
 */
export function pruneModels({ all = false, dryRun = false }: PruneFlags): string {
  const { cacheDir, compiledCacheMaxBytes: maxBytes } = readConfig().engine
  const pruned = pruneCompiled({ cacheDir, maxBytes, machine: machineIdentity(), newerVersions: true, all, dryRun })
  const bytes = pruned.reduce((sum, model) => sum + model.bytes, 0)
  return `${pruned.map(pruneLine).join('')}${dryRun ? 'would free' : 'freed'} ${gigabytes(bytes)}\n`
}

function pruneLine({ key, manifest, bytes, reason }: Pruned): string {
  return `${manifest?.name ?? '?'}  ${gigabytes(bytes)}  ${reason}  (${key})\n`
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`
}
