/** `paradox models rm`: what was downloaded of models, and what was compiled from it, away from this machine. */

import { readConfig } from '../../config.ts'
import { AsrError, ModelAbsentError, ModelBusyError, OptionInvalidError } from '../../errors/index.ts'
import { silentLogger } from '../../logger.ts'
import { ModelLibrary } from '../../models/library.ts'
import { modelFacts } from '../../models/model-facts.ts'
import { type ModelEntry, ModelRegistry } from '../../models/registry.ts'
import { describeFailure } from '../exit-codes.ts'
import { type Output, sizeText } from '../output.ts'

/**
 * @returns true when all of them are gone.
 * @throws {ConfigError | ModelUnknownError | OptionInvalidError} before anything is done.
 */
export async function removeModels(
  ids: readonly string[],
  { dryRun = false, force = false }: { readonly dryRun?: boolean | undefined; readonly force?: boolean | undefined },
  output: Output,
): Promise<boolean> {
  const config = readConfig()
  const registry = ModelRegistry.load(config.models)
  const entries = ids.map((id) => removable(registry.resolve(id)))
  const library = new ModelLibrary({ registry, settings: config.engine, logger: silentLogger })
  let isComplete = true
  for (const entry of entries) {
    try {
      const { checkpointBytes = 0, compiled } = await modelFacts(entry, config.engine)
      if (compiled.some(({ isInUse }) => isInUse)) throw new ModelBusyError(entry.id)
      const bytes = compiled.reduce((sum, model) => sum + model.bytes, checkpointBytes)
      const options = { onlyOwn: !force }
      if (dryRun) {
        await library.checkRemovable(entry, options)
        if (!(await library.isComplete(entry))) throw new ModelAbsentError(entry.id, 'disk')
      } else if (!(await library.remove(entry, options))) throw new ModelAbsentError(entry.id, 'disk')
      output.stdout(`${entry.id}  ${dryRun ? 'would free' : 'removed, freed'} ${sizeText(bytes)}\n`)
    } catch (error) {
      isComplete = false
      output.stderr(`paradox: ${sentenceOf(error)}\n`)
    }
  }
  return isComplete
}

function removable(entry: ModelEntry) {
  const { origin } = entry
  if (origin.kind !== 'folder') return { ...entry, origin }
  throw new OptionInvalidError('id', entry.id, 'a model that was downloaded: the files of this one are yours to delete')
}

/** The remedies of these are meant for callers of the service. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof AsrError)) return describeFailure(error)
  if (error.code === 'ASR_MODEL_ABSENT')
    return `${error.message.replace(/\.$/, '')}: 'paradox models' lists those that are.`
  if (error.code === 'ASR_MODEL_BUSY')
    return `${error.message.replace(/\.$/, '')}: stop the service that has loaded it.`
  if (error.code === 'ASR_MODEL_FOREIGN')
    return `${error.message.replace(/\.$/, '')}: --force removes them all the same.`
  return error.sentence
}
