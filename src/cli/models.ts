/** `paradox models`: what can be asked for, and what of it is on this machine. */

import { readConfig } from '../config.ts'
import { isCached } from '../hub/index.ts'
import { ModelRegistry } from '../models/registry.ts'

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

/** @returns the text to print: a table, or a JSON array of the same rows. */
export async function listModels({ json }: { readonly json?: boolean | undefined }): Promise<string> {
  const config = readConfig()
  const { hub, cacheDir } = config.engine
  const rows: ModelRow[] = []
  for (const entry of ModelRegistry.load(config.models).list()) {
    rows.push({
      id: entry.id,
      strategy: entry.strategy ?? null,
      origin: describeOrigin(entry.origin),
      language: entry.language ?? null,
      cached: await isCached(entry, { hub, cacheDir }),
      default: entry.id === config.models.defaultId,
    })
  }
  return json ? `${JSON.stringify(rows, null, 2)}\n` : table(rows)
}

function describeOrigin(origin: ReturnType<ModelRegistry['get']>['origin']): string {
  switch (origin.kind) {
    case 'hub':
      return origin.revision === 'main' ? origin.repo : `${origin.repo}@${origin.revision}`
    case 'folder':
      return origin.path
    case 'whisper-base':
      return 'Systran/faster-whisper-base (or the package index)'
  }
}

function table(rows: readonly ModelRow[]): string {
  const lines = [
    ['ID', 'STRATEGY', 'ORIGIN', 'LANGUAGE', 'CACHED', ''],
    ...rows.map((row) => [
      row.id,
      row.strategy ?? 'by its config',
      row.origin,
      row.language ?? 'detected',
      row.cached ? 'yes' : 'no',
      row.default ? '(default)' : '',
    ]),
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
