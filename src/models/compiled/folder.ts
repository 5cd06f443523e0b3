/** The folder with a model's compiled graphs: what an earlier load has left in the cache, else compiled now. */

import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { EngineSettings } from '../../config.ts'
import { isWriteRefused } from '../../errors/index.ts'
import { claimFolderSync } from '../../folders.ts'
import { diskFailure, withLock } from '../../hub/index.ts'
import type { Logger } from '../../logger.ts'
import { temporaryFolderSync } from '../../temporary-folders.ts'
import type { LoadingProgress } from '../base.ts'
import {
  CompiledDamagedError,
  type CompiledIdentity,
  type CompiledManifest,
  compiledFolder,
  compiledRoot,
  discard,
  publish,
  readCompiled,
  unfinishedFolder,
  writeManifest,
} from './cache.ts'
import { type CompileJob, compileInProcess } from './compile-process.ts'
import { markInUse, pruneCompiled } from './pruning.ts'

export interface CompiledOptions {
  /** Of the model, for people. */
  readonly name: string
  readonly settings: Pick<EngineSettings, 'cacheDir' | 'compiledCacheMaxBytes'>
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly onLoading?: ((progress: LoadingProgress) => void) | undefined
}

/** What to do when there is nothing in the cache. */
export type CompileRequest = Omit<CompileJob, 'folder' | 'options'>

/** A compiled model on the disk. */
export interface CompiledGraphs {
  readonly folder: string
  readonly manifest: CompiledManifest
  /** It lies where no other load will look for it, so it is to be removed once it is open. */
  readonly isTemporary: boolean
}

/**
 * Of several processes that need the same model, one compiles and the others wait for it.
 *
 * @param useCache  false: what is in the cache is damaged and cannot be removed.
 * @throws {DiskFullError | CacheUnwritableError} when neither the cache nor the system's temporary folder takes it.
 * @throws {CacheSharedError} when others may write to the cache.
 */
export async function findOrCompile(
  identity: CompiledIdentity,
  request: CompileRequest,
  options: CompiledOptions,
  useCache = true,
): Promise<CompiledGraphs> {
  const found = useCache ? await findOrCompileInCache(identity, request, options) : undefined
  return found ?? (await compileElsewhere(identity, request, options))
}

/**
 * As `findOrCompile`, but undefined where the cache may not be written.
 *
 * @throws {DiskFullError} when the cache does not take it.
 * @throws {CacheSharedError} when others may write to it.
 */
export async function findOrCompileInCache(
  identity: CompiledIdentity,
  request: CompileRequest,
  options: CompiledOptions,
): Promise<CompiledGraphs | undefined> {
  const { settings, signal, logger, onLoading } = options
  claimFolderSync(settings.cacheDir, basename(compiledRoot(settings.cacheDir)))
  const folder = compiledFolder(settings.cacheDir, identity)
  const isForCpu = identity.machine !== undefined
  const found = find(folder, isForCpu, logger)
  if (found) return found

  onLoading?.({ stage: 'compile', item: '', fraction: undefined })
  try {
    const lock = join(settings.cacheDir, 'compiled', '.locks', basename(folder))
    return await withLock(lock, signal, async (signal) => {
      const meanwhile = find(folder, isForCpu, logger) // another process had the lock, and has compiled it
      return meanwhile ?? (await compileIntoCache(folder, identity, request, { ...options, signal }))
    })
  } catch (error) {
    if (!isWriteRefused(error)) throw diskFailure('the compiled model', error)
    logger.warn({ err: error }, 'the compiled cache may not be written, so this model is compiled at every load')
    return undefined
  }
}

function find(folder: string, isForCpu: boolean, logger: Logger): CompiledGraphs | undefined {
  try {
    const manifest = readCompiled(folder)
    if (manifest === undefined) return undefined
    if (isForCpu && manifest.fingerprint === null) throw new CompiledDamagedError('it has no answer to compare with')
    markInUse(folder) // before it is opened, or another process might just be pruning it
    return { folder, manifest, isTemporary: false }
  } catch (error) {
    if (!(error instanceof CompiledDamagedError)) throw error
    logger.warn({ err: error, key: basename(folder) }, 'the compiled model is damaged, so it is compiled again')
    discard(folder)
    return undefined
  }
}

async function compileIntoCache(
  folder: string,
  identity: CompiledIdentity,
  request: CompileRequest,
  options: CompiledOptions,
): Promise<CompiledGraphs> {
  const { cacheDir, compiledCacheMaxBytes: maxBytes } = options.settings
  const unfinished = unfinishedFolder(folder)
  try {
    const manifest = await compileInto(unfinished, identity, request, options)
    publish(unfinished, folder)
    markInUse(folder)
    for (const { key, manifest, reason } of pruneCompiled({ cacheDir, maxBytes, machine: undefined })) {
      options.logger.info({ key, name: manifest?.name, reason }, 'removed a compiled model')
    }
    return { folder, manifest, isTemporary: false }
  } finally {
    rmSync(unfinished, { recursive: true, force: true }) // not there any more, unless something failed
  }
}

async function compileElsewhere(
  identity: CompiledIdentity,
  request: CompileRequest,
  options: CompiledOptions,
): Promise<CompiledGraphs> {
  options.onLoading?.({ stage: 'compile', item: '', fraction: undefined })
  let folder: string | undefined
  try {
    folder = temporaryFolderSync(tmpdir(), 'compiled')
    return { folder, manifest: await compileInto(folder, identity, request, options), isTemporary: true }
  } catch (error) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    throw diskFailure('the compiled model', error)
  }
}

async function compileInto(
  folder: string,
  identity: CompiledIdentity,
  request: CompileRequest,
  { name, signal, onLoading }: CompiledOptions,
): Promise<CompiledManifest> {
  const onProgress = (fraction: number) => onLoading?.({ stage: 'compile', item: '', fraction })
  const fingerprint = await compileInProcess({ ...request, folder, options: identity.options }, { signal, onProgress })
  return writeManifest(folder, identity, { name, fingerprint })
}
