/**
 * The models that can be asked for by id. Plain data: this file must stay free of the runtime, because the service
 * process reads it and never opens a session.
 */

import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, matchesGlob, resolve } from 'node:path'
import { z } from 'zod'
import type { ModelSettings } from '../config.ts'
import { ConfigError, ModelUnknownError } from '../errors/index.ts'
import type { CheckpointOrigin } from '../hub/index.ts'
import { isDetectionAsked } from '../languages.ts'

export const STRATEGY_NAMES = ['whisper', 'distil_whisper', 'lite_asr'] as const
export type StrategyName = (typeof STRATEGY_NAMES)[number]

export interface ModelEntry {
  readonly id: string
  readonly origin: CheckpointOrigin
  /** undefined: decided from the checkpoint's own config. */
  readonly strategy: StrategyName | undefined
  /** Of requests that name none, in any form; `auto`: it is detected; undefined: `defaultLanguage` decides. */
  readonly language: string | undefined
  /** Code of the service's own language; undefined: it is detected. */
  readonly defaultLanguage?: string | undefined
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

/** Of a model that no registry describes. */
const UNREGISTERED = { strategy: undefined, language: undefined, tokenizer: undefined }

const HUB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/
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

/** What of the settings a registry is made from. */
export type RegistrySettings = Partial<Pick<ModelSettings, 'file' | 'aliases' | 'allowed' | 'defaultLanguage'>>

export class ModelRegistry {
  readonly #entries: ReadonlyMap<string, ModelEntry>
  readonly #aliases: ReadonlyMap<string, string>
  readonly #allowed: readonly string[]
  readonly #defaultLanguage: string | undefined

  private constructor(entries: Iterable<ModelEntry>, settings: RegistrySettings) {
    this.#defaultLanguage = settings.defaultLanguage
    this.#entries = new Map(Array.from(entries, (entry) => [entry.id, this.#withLanguage(entry)]))
    this.#aliases = settings.aliases ?? new Map()
    this.#allowed = settings.allowed ?? []
  }

  /**
   * The built-in models, with those of the JSON file added or put in their place.
   *
   * @throws {ConfigError} when the file cannot be read or an entry is not of the documented form.
   */
  static load(settings: RegistrySettings = {}): ModelRegistry {
    const added = settings.file === undefined ? [] : readModelsFile(settings.file)
    return new ModelRegistry([...BUILT_IN, ...added], settings)
  }

  /** Other names → ids. */
  get aliases(): ReadonlyMap<string, string> {
    return this.#aliases
  }

  list(): readonly ModelEntry[] {
    return [...this.#entries.values()]
  }

  /** The model that a caller means: an id, an alias of one, or a hub repository that the settings allow. */
  find(name: string): ModelEntry | undefined {
    const known = this.#entries.get(name)
    if (known) return known
    const alias = this.#aliases.get(name)
    if (alias === undefined) return this.#allowedEntry(name)
    return this.#entries.get(alias) ?? this.#withLanguage(hubEntry(alias))
  }

  /** @throws {ModelUnknownError} for a name that stands for no model. */
  get(name: string): ModelEntry {
    const entry = this.find(name)
    if (!entry) throw new ModelUnknownError(name, [...this.#entries.keys()])
    return entry
  }

  #allowedEntry(name: string): ModelEntry | undefined {
    const entry = hubEntry(name)
    const isAllowed = entry && this.#allowed.some((pattern) => matches(pattern, entry.origin.repo))
    return isAllowed ? this.#withLanguage(entry) : undefined
  }

  #withLanguage<T extends ModelEntry | undefined>(entry: T): T {
    return entry && { ...entry, defaultLanguage: this.#defaultLanguage }
  }

  /**
   * For the command line, whose user owns the machine: a registered id, else a folder, else a hub repository.
   *
   * @throws {ModelUnknownError} when it is none of them.
   */
  resolve(idOrRepoOrFolder: string): ModelEntry {
    const found = this.find(idOrRepoOrFolder)
    if (found) return found
    if (statSync(idOrRepoOrFolder, { throwIfNoEntry: false })?.isDirectory()) {
      const path = resolve(idOrRepoOrFolder)
      return this.#withLanguage({ id: basename(path), origin: { kind: 'folder', path }, ...UNREGISTERED })
    }
    const repository = hubEntry(idOrRepoOrFolder)
    if (repository) return this.#withLanguage(repository)
    throw new ModelUnknownError(idOrRepoOrFolder, [...this.#entries.keys(), 'a folder', 'a hub id (owner/name)'])
  }
}

/** What a model writes for requests that name no language; undefined: what it detects. */
export function languageOf({ language, defaultLanguage }: ModelEntry): string | undefined {
  const own = language ?? defaultLanguage
  return own === undefined || isDetectionAsked(own) ? undefined : own
}

/** `owner/name` or, at a branch, tag or commit, `owner/name@revision`. */
function hubEntry(name: string): (ModelEntry & { readonly origin: { readonly repo: string } }) | undefined {
  const [repo = '', revision = 'main', ...rest] = name.split('@')
  if (!HUB_ID.test(repo) || !REVISION.test(revision) || rest.length > 0) return undefined
  return { id: name, origin: { kind: 'hub', repo, revision }, ...UNREGISTERED }
}

/** @param pattern  `owner/name`, in which `*` stands for any text, or `*` alone. */
function matches(pattern: string, repo: string): boolean {
  return pattern === '*' || matchesGlob(repo, pattern)
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
