/**
 * The models that can be asked for by id. Plain data: this file must stay free of the runtime, because the service
 * process reads it and never opens a session.
 */

import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { z } from 'zod'
import { ConfigError, ModelUnknownError } from '../errors.ts'
import type { CheckpointOrigin } from '../hub/index.ts'

export const STRATEGY_NAMES = ['whisper', 'distil_whisper', 'lite_asr'] as const
export type StrategyName = (typeof STRATEGY_NAMES)[number]

export interface ModelEntry {
  readonly id: string
  readonly origin: CheckpointOrigin
  /** undefined: decided from the checkpoint's own config. */
  readonly strategy: StrategyName | undefined
  /** Fixed language; undefined: detected, unless the request names one. */
  readonly language: string | undefined
  /** Repository of the tokenizer, where the checkpoint's own has none or is not to be used. */
  readonly tokenizer: string | undefined
}

const BUILT_IN: readonly ModelEntry[] = [
  {
    id: 'freds0',
    origin: { kind: 'hub', repo: 'freds0/distil-whisper-large-v3-ptbr', revision: 'main' },
    strategy: 'distil_whisper',
    language: 'pt',
    tokenizer: undefined,
  },
  {
    id: 'lite_asr',
    origin: { kind: 'hub', repo: 'efficient-speech/lite-whisper-large-v3-acc', revision: 'main' },
    strategy: 'lite_asr',
    language: undefined,
    tokenizer: 'openai/whisper-large-v3',
  },
  { id: 'base', origin: { kind: 'whisper-base' }, strategy: 'whisper', language: undefined, tokenizer: undefined },
]

const HUB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/
const hubId = z.string().regex(HUB_ID)

const modelsFileSchema = z.record(
  z.string().min(1),
  z
    .strictObject({
      repo: hubId.optional(),
      path: z.string().min(1).optional(),
      revision: z.string().min(1).optional(),
      strategy: z.enum(STRATEGY_NAMES),
      language: z.string().min(2).optional(),
      tokenizer: hubId.optional(),
    })
    .refine((entry) => (entry.repo === undefined) !== (entry.path === undefined), 'needs either "repo" or "path"'),
)

export class ModelRegistry {
  readonly #entries: ReadonlyMap<string, ModelEntry>

  private constructor(entries: Iterable<ModelEntry>) {
    this.#entries = new Map(Array.from(entries, (entry) => [entry.id, entry]))
  }

  /**
   * The built-in models, with those of the JSON file added or put in their place.
   *
   * @throws {ConfigError} when the file cannot be read or an entry is not of the documented form.
   */
  static load(modelsFile: string | undefined): ModelRegistry {
    const added = modelsFile === undefined ? [] : readModelsFile(modelsFile)
    return new ModelRegistry([...BUILT_IN, ...added])
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  list(): readonly ModelEntry[] {
    return [...this.#entries.values()]
  }

  /** @throws {ModelUnknownError} for an id that is not registered. */
  get(id: string): ModelEntry {
    const entry = this.#entries.get(id)
    if (!entry) throw new ModelUnknownError(id, [...this.#entries.keys()])
    return entry
  }

  /**
   * For the command line, whose user owns the machine: a registered id, else a folder, else a hub repository.
   *
   * @throws {ModelUnknownError} when it is none of them.
   */
  resolve(idOrRepoOrFolder: string): ModelEntry {
    if (this.has(idOrRepoOrFolder)) return this.get(idOrRepoOrFolder)
    const unregistered = { strategy: undefined, language: undefined, tokenizer: undefined }
    if (statSync(idOrRepoOrFolder, { throwIfNoEntry: false })?.isDirectory()) {
      const path = resolve(idOrRepoOrFolder)
      return { id: basename(path), origin: { kind: 'folder', path }, ...unregistered }
    }
    if (HUB_ID.test(idOrRepoOrFolder)) {
      const origin = { kind: 'hub', repo: idOrRepoOrFolder, revision: 'main' } as const
      return { id: idOrRepoOrFolder, origin, ...unregistered }
    }
    throw new ModelUnknownError(idOrRepoOrFolder, [...this.#entries.keys(), 'a folder', 'a hub id (owner/name)'])
  }
}

function readModelsFile(file: string): ModelEntry[] {
  const shape = 'a JSON file of the form {"<id>": {"repo": "owner/name" or "path": "folder", "strategy": "whisper"}}'
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw Object.assign(new ConfigError('MODELS_FILE', basename(file), shape), { cause })
  }
  const parsed = modelsFileSchema.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue ? `, but ${issue.path.join('.') || 'it'}: ${issue.message}` : ''
    throw new ConfigError('MODELS_FILE', basename(file), `${shape}${where}`)
  }
  return Object.entries(parsed.data).map(([id, entry]) => ({
    id,
    origin:
      entry.path === undefined
        ? { kind: 'hub', repo: entry.repo!, revision: entry.revision ?? 'main' } // refined above: one of the two
        : { kind: 'folder', path: resolve(dirname(file), entry.path) },
    strategy: entry.strategy,
    language: entry.language,
    tokenizer: entry.tokenizer,
  }))
}
