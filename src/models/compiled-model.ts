/**
 * From a checkpoint to an opened model by way of the compiled cache: finds what an earlier load has compiled, or has it
 * compiled; and does so once more where what was found is damaged.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Checkpoint } from '../checkpoint/index.ts'
import type { EngineSettings } from '../config.ts'
import { AsrError, CacheUnwritableError, DiskFullError, isDiskFull } from '../errors.ts'
import {
  CompiledDamagedError,
  type CompiledIdentity,
  type CompiledManifest,
  compiledFolder,
  discard,
  publish,
  readCompiled,
  unfinishedFolder,
  writeManifest,
} from '../graph/index.ts'
import { withLock } from '../hub/index.ts'
import type { Logger } from '../logger.ts'
import { resolveDevice, type SessionSettings } from '../runtime/index.ts'
import type { LoadingProgress } from './base.ts'
import { compileInProcess } from './compile-process.ts'
import { machineIdentity } from './machine.ts'
import { formatsOf } from './precision.ts'
import { WhisperModel } from './whisper-model.ts'

export interface CompiledModelOptions {
  readonly settings: Pick<EngineSettings, 'cacheDir' | 'device' | 'dtype' | 'threads'>
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly onLoading?: ((progress: LoadingProgress) => void) | undefined
}

/** A compiled model on the disk. */
interface Found {
  readonly folder: string
  readonly manifest: CompiledManifest
  /** It lies where nobody will look for it again, so it is to be removed once it is open. */
  readonly isTemporary: boolean
}

/**
 * The model of `checkpoint`, opened.
 *
 * @param checkpointFolder  where `checkpoint` was opened.
 * @throws {DiskFullError | CacheUnwritableError} when neither the cache nor the system's temporary folder takes it.
 */
export async function openCompiledModel(
  checkpoint: Checkpoint,
  checkpointFolder: string,
  options: CompiledModelOptions,
): Promise<WhisperModel> {
  const { settings, logger, onLoading } = options
  const session = sessionOf(settings)
  const identity = identityOf(checkpoint, settings)
  const job = { checkpointFolder, alignmentHeads: checkpoint.generation.alignmentHeads, session }

  const open = async ({ folder, manifest, isTemporary }: Found): Promise<WhisperModel> => {
    onLoading?.({ stage: 'open', item: '', fraction: undefined })
    try {
      return await openChecked(checkpoint, folder, session, manifest)
    } finally {
      if (isTemporary) rmSync(folder, { recursive: true, force: true }) // what is mapped stays until it is unmapped
    }
  }
  const found = await findOrCompile(identity, job, options)
  try {
    return await open(found)
  } catch (error) {
    logger.warn({ err: error, key: basename(found.folder) }, 'the compiled model is damaged, so it is compiled again')
    discard(found.folder)
  }
  const again = await findOrCompile(identity, job, options)
  try {
    return await open(again)
  } catch (error) {
    // Twice is no damage: the runtime saves what it then runs differently. As the compiler wrote them, graphs are exact.
    if (identity.machine === undefined || !(error instanceof CompiledDamagedError)) throw error
    logger.error({ err: error }, 'what the runtime has prepared gives other results, so it is not used')
    discard(again.folder)
    return await open(await findOrCompile({ ...identity, machine: undefined }, job, options))
  }
}

/** The folder of the compiled graphs alone, for those who measure them. */
export async function compiledGraphs(
  checkpoint: Checkpoint,
  checkpointFolder: string,
  options: CompiledModelOptions,
): Promise<string> {
  const { alignmentHeads } = checkpoint.generation
  const job = { checkpointFolder, alignmentHeads, session: sessionOf(options.settings) }
  return (await findOrCompile(identityOf(checkpoint, options.settings), job, options)).folder
}

function sessionOf({ device, threads }: CompiledModelOptions['settings']): SessionSettings {
  return { device: resolveDevice(device), threads }
}

function identityOf({ digest }: Checkpoint, { device, dtype }: CompiledModelOptions['settings']): CompiledIdentity {
  // Only the CPU's graphs can be saved with their packed weights.
  const machine = resolveDevice(device) === 'cpu' ? machineIdentity() : undefined
  return { digest, options: formatsOf(dtype), machine }
}

/** @throws {CompiledDamagedError} when the graphs do not answer as they did when they were compiled. */
async function openChecked(
  checkpoint: Checkpoint,
  folder: string,
  session: SessionSettings,
  { fingerprint }: CompiledManifest,
): Promise<WhisperModel> {
  const model = await WhisperModel.open(checkpoint, folder, session)
  if (fingerprint === null) return model
  const answered = await model.fingerprint()
  if (answered === fingerprint) return model
  await model[Symbol.asyncDispose]()
  throw new CompiledDamagedError(`the compiled model answers ${answered} and not ${fingerprint}`)
}

type Job = Omit<Parameters<typeof compileInProcess>[0], 'folder' | 'options' | 'isPrepared'>

async function findOrCompile(
  identity: CompiledIdentity,
  job: Job,
  { settings: { cacheDir }, signal, logger, onLoading }: CompiledModelOptions,
): Promise<Found> {
  const folder = compiledFolder(cacheDir, identity)
  const find = (): Found | undefined => {
    try {
      const manifest = readCompiled(folder)
      return manifest && { folder, manifest, isTemporary: false }
    } catch (error) {
      if (!(error instanceof CompiledDamagedError)) throw error
      logger.warn({ err: error, key: basename(folder) }, 'the compiled model is damaged, so it is compiled again')
      discard(folder)
      return undefined
    }
  }
  const compileInto = async (unfinished: string, signal: AbortSignal): Promise<CompiledManifest> => {
    const onProgress = (fraction: number) => onLoading?.({ stage: 'compile', item: '', fraction })
    const isPrepared = identity.machine !== undefined
    const fullJob = { ...job, folder: unfinished, options: identity.options, isPrepared }
    const fingerprint = await compileInProcess(fullJob, { signal, onProgress })
    return writeManifest(unfinished, identity, fingerprint)
  }

  const found = find()
  if (found) return found
  onLoading?.({ stage: 'compile', item: '', fraction: undefined })
  try {
    const lock = join(cacheDir, 'compiled', '.locks', basename(folder))
    return await withLock(lock, signal, async (signal) => {
      const meanwhile = find() // another process had the lock, and has compiled it
      if (meanwhile) return meanwhile
      const unfinished = unfinishedFolder(folder)
      try {
        const manifest = await compileInto(unfinished, signal)
        publish(unfinished, folder)
        return { folder, manifest, isTemporary: false }
      } finally {
        rmSync(unfinished, { recursive: true, force: true }) // not there any more, unless something failed
      }
    })
  } catch (error) {
    if (!isRefused(error)) throw expectedFailure(error)
    logger.warn({ err: error }, 'the compiled cache may not be written, so this model is compiled at every load')
  }
  let temporary: string | undefined
  try {
    temporary = mkdtempSync(join(tmpdir(), 'paradox-asr-compiled-'))
    return { folder: temporary, manifest: await compileInto(temporary, signal), isTemporary: true }
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true })
    throw isRefused(error) ? new CacheUnwritableError('the compiled model', { cause: error }) : expectedFailure(error)
  }
}

/** True where a folder may not be written: no right, a disk mounted read-only, or a file in the folder's place. */
function isRefused(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? ''
  return ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code)
}

function expectedFailure(error: unknown): unknown {
  if (error instanceof AsrError || !isDiskFull(error)) return error
  return new DiskFullError('the compiled model', { cause: error })
}
