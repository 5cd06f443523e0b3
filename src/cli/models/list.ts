/** `paradox models`: what can be asked for, what else is here, and whether it could be loaded without a network. */

import { type Config, readConfig } from '../../config.ts'
import { silentLogger } from '../../logger.ts'
import { ModelLibrary } from '../../models/library.ts'
import { languageOf, type ModelEntry, ModelRegistry } from '../../models/registry.ts'
import { table } from '../table.ts'

interface ModelRow {
  readonly id: string
  /** null: decided from the checkpoint. */
  readonly strategy: string | null
  /** Hub repository, or folder. */
  readonly origin: string
  /** null: detected, unless the request names one. */
  readonly language: string | null
  /** True when the model can be loaded without any network. */
  readonly cached: boolean
  /** True for the model of a request that names none. */
  readonly default: boolean
}

/** Every model that can be named: those with an id, then what else lies in the caches, each once. */
async function namedModels(config: Config): Promise<{ readonly entry: ModelEntry; readonly isHere: boolean }[]> {
  // A user of this machine may use every model on it.
  const registry = ModelRegistry.load({ ...config.models, allowed: ['*'] })
  const library = new ModelLibrary({ registry, settings: config.engine, logger: silentLogger })
  const models = new Map<string, ModelEntry>()
  for (const entry of await library.list()) {
    const origin = describeOrigin(entry.origin)
    if (!models.has(origin)) models.set(origin, entry)
  }
  return await Promise.all(
    Array.from(models.values(), async (entry) => ({ entry, isHere: await library.isComplete(entry) })),
  )
}

/** The models whose files are on this machine. */
export async function modelsHere(config: Config): Promise<ModelEntry[]> {
  return (await namedModels(config)).flatMap(({ entry, isHere }) => (isHere ? [entry] : []))
}

/** @returns the text to print: a table, or a JSON array of the same rows. */
export async function listModels({ json }: { readonly json?: boolean | undefined }): Promise<string> {
  const config = readConfig()
  const rows = (await namedModels(config)).map(
    ({ entry, isHere }): ModelRow => ({
      id: entry.id,
      strategy: entry.strategy ?? null,
      origin: describeOrigin(entry.origin),
      language: languageOf(entry) ?? null,
      cached: isHere,
      default: entry.id === config.models.defaultId,
    }),
  )
  return json ? `${JSON.stringify(rows, null, 2)}\n` : tableOf(rows)
}

export function describeOrigin(origin: ModelEntry['origin']): string {
  switch (origin.kind) {
    case 'hub':
      return origin.revision === 'main' ? origin.repo : `${origin.repo}@${origin.revision}`
    case 'folder':
      return origin.path
    case 'whisper-base':
      return 'Systran/faster-whisper-base (or the package index)'
  }
}

function tableOf(rows: readonly ModelRow[]): string {
  const head = ['ID', 'STRATEGY', 'ORIGIN', 'LANGUAGE', 'CACHED', '']
  const cells = rows.map((row) => [
    row.id,
    row.strategy ?? 'by its config',
    row.origin,
    row.language ?? 'detected',
    row.cached ? 'yes' : 'no',
    row.default ? '(default)' : '',
  ])
  return table([head, ...cells], process.stdout.columns)
}
