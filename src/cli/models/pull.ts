/** `paradox models pull`: files of models onto this machine. */

import { readConfig } from '../../config.ts'
import { isAbort } from '../../errors/index.ts'
import { ModelLibrary } from '../../models/library.ts'
import { ModelRegistry } from '../../models/registry.ts'
import { commandLogger } from '../command-logger.ts'
import { describeFailure } from '../exit-codes.ts'
import { type Output, sizeText } from '../output.ts'
import { createProgress } from '../progress/index.ts'

/**
 * @param ids  as `--model` takes them.
 * @returns    true when all of them are here.
 * @throws {ConfigError | ModelUnknownError} before anything is done; the signal's reason after an abort.
 */
export async function pullModels(
  ids: readonly string[],
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<boolean> {
  const config = readConfig()
  const registry = ModelRegistry.load(config.models)
  const entries = ids.map((id) => registry.resolve(id))
  const logger = commandLogger(config, 'error')
  const library = new ModelLibrary({ registry, settings: config.engine, logger })
  const progress = createProgress({ stream: process.stderr, files: new Map(), durationOf: async () => undefined })
  let isComplete = true
  for (const entry of entries) {
    const startedAt = performance.now()
    const wasHere = await library.isComplete(entry)
    let totalBytes: number | undefined
    try {
      await library.download(entry, {
        signal,
        onProgress: (download) => {
          totalBytes = download.totalBytes
          const fraction = download.totalBytes > 0 ? download.doneBytes / download.totalBytes : undefined
          progress.loading({ stage: 'download', item: download.file, fraction })
        },
      })
      progress.clear()
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      const size = totalBytes === undefined ? '' : `  ${sizeText(totalBytes)}`
      output.stdout(`${entry.id}${size}  ${wasHere ? 'is here and up to date' : `downloaded in ${seconds} s`}\n`)
    } catch (error) {
      progress.clear()
      if (signal.aborted || isAbort(error)) throw error
      isComplete = false
      output.stderr(`paradox: ${entry.id}: ${describeFailure(error)}\n`)
    }
  }
  return isComplete
}
