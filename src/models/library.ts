/**
 * The files of models: what is on this machine, bringing it, removing it. Free of the runtime, as the service process
 * needs it; which models are in memory is the engine pool's affair.
 */

import { stat } from 'node:fs/promises'
import { type FlightWaiter, SingleFlight } from '../async/single-flight.ts'
import { digestOfFolder, holdsWhisper } from '../checkpoint/index.ts'
import type { EngineSettings } from '../config.ts'
import { AsrError, ModelForeignError } from '../errors/index.ts'
import type { Caches, DownloadProgress, RemovableOrigin, RemovalOptions } from '../hub/index.ts'
import {
  cachedFolder,
  cachedRevisions,
  findRemovable,
  isCached,
  removeCached,
  resolveCheckpointFolder,
  SnapshotMemo,
} from '../hub/index.ts'
import type { Logger } from '../logger.ts'
import { removeCompiled } from './compiled/index.ts'
import type { ModelEntry, ModelRegistry } from './registry.ts'
import { roomToCompile } from './room-to-compile.ts'

export interface LibraryOptions {
  readonly registry: ModelRegistry
  readonly settings: Pick<EngineSettings, 'hub' | 'cacheDir' | 'dtype'>
  readonly logger: Logger
}

type RemovableEntry = ModelEntry & { readonly origin: RemovableOrigin }

export class ModelLibrary {
  readonly registry: ModelRegistry
  readonly #settings: LibraryOptions['settings'] & Caches
  readonly #logger: Logger
  readonly #downloads = new SingleFlight<void, DownloadProgress>()
  /** Folders of snapshots, which never change, and whether a Whisper lies in them. */
  readonly #isWhisper = new Map<string, boolean>()

  constructor({ registry, settings, logger }: LibraryOptions) {
    this.registry = registry
    this.#settings = { ...settings, memo: new SnapshotMemo() }
    this.#logger = logger
  }

  /** The models of the registry, then whatever else is on this machine and allowed. */
  async list(): Promise<ModelEntry[]> {
    const registered = this.registry.list()
    const found: ModelEntry[] = []
    for (const { repo, revision } of await cachedRevisions(this.#settings.hub.cacheDir)) {
      const id = revision === 'main' ? repo : `${repo}@${revision}`
      const entry = this.registry.find(id)
      if (entry && !registered.includes(entry) && (await this.#holdsWhisper(entry))) found.push(entry)
    }
    return [...registered, ...found]
  }

  /** Whether the model could be loaded without any network. */
  async isComplete(entry: ModelEntry): Promise<boolean> {
    return await isCached(entry, this.#settings)
  }

  /** When the checkpoint came to this machine; undefined where it is not there. */
  async storedAt(entry: ModelEntry): Promise<Date | undefined> {
    const folder = await cachedFolder(entry, this.#settings)
    return folder === undefined ? undefined : (await stat(folder).catch(() => undefined))?.mtime
  }

  /**
   * Whether files of the same repository are on their way, for whichever revision or id.
   *
   * @param preparing  ids of models that are being prepared, which may be downloading.
   */
  isDownloading(entry: ModelEntry, preparing: readonly string[] = []): boolean {
    return [...this.#downloads.ids(), ...preparing].some((id) => {
      const other = this.registry.find(id)
      return other !== undefined && repositoryOf(other) === repositoryOf(entry)
    })
  }

  /**
   * Brings what is missing, or what the hub has newer. Several who ask at once share one download.
   *
   * @throws as `resolveCheckpointFolder`; the signal's reason after an abort.
   */
  async download(entry: ModelEntry, options: FlightWaiter<DownloadProgress>): Promise<void> {
    await this.#downloads.join(entry.id, options, async (signal, onProgress) => {
      const { hub, cacheDir } = this.#settings
      const log = this.#logger.child({ modelId: entry.id })
      const compile = roomToCompile(this.#settings)
      await resolveCheckpointFolder(entry, { hub, cacheDir, signal, onProgress, log, compile })
    })
  }

  /** @throws {ModelForeignError} where the files that would be removed are those of another program. */
  async checkRemovable({ id, origin }: RemovableEntry, options: RemovalOptions): Promise<void> {
    if ((await findRemovable(origin, this.#settings, options)) === 'foreign') throw new ModelForeignError(id)
  }

  /**
   * Removes the checkpoint and what was compiled from it. The model must not be loaded.
   *
   * @returns false when there was nothing of it on this machine.
   * @throws {ModelForeignError} as `checkRemovable`.
   */
  async remove(entry: RemovableEntry, options: RemovalOptions): Promise<boolean> {
    const folder = await cachedFolder(entry, this.#settings)
    // Of files that cannot be read nothing can have been compiled.
    const digest = folder === undefined ? undefined : await orUndefined(digestOfFolder(folder))
    const found = await removeCached(entry.origin, this.#settings, options)
    if (found === 'foreign') throw new ModelForeignError(entry.id)
    const wasThere = found === 'something'
    const compiled = digest === undefined ? [] : removeCompiled(this.#settings.cacheDir, digest)
    if (wasThere) this.#logger.info({ modelId: entry.id, compiled: compiled.length }, 'removed the files of a model')
    return wasThere
  }

  async #holdsWhisper(entry: ModelEntry): Promise<boolean> {
    const folder = await cachedFolder(entry, this.#settings)
    if (folder === undefined) return false
    const known = this.#isWhisper.get(folder)
    if (known !== undefined) return known
    const isWhisper = await holdsWhisper(folder)
    this.#isWhisper.set(folder, isWhisper)
    return isWhisper
  }
}

function repositoryOf({ id, origin }: ModelEntry): string {
  return origin.kind === 'hub' ? origin.repo : id
}

/** undefined for an expected failure. */
async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  return await promise.catch((error: unknown) => {
    if (error instanceof AsrError) return undefined
    throw error
  })
}
