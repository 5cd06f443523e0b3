/**
 * From a checkpoint to an opened model by way of the compiled cache. What was found there must answer a fixed input as
 * it did when it was compiled; if not, it is compiled again.
 */

import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import type { Checkpoint } from '../checkpoint/index.ts'
import type { EngineSettings } from '../config.ts'
import {
  openCpuBackend,
  openCudaModel,
  openWebGpuBackend,
  type SessionSettings,
  StepModel,
} from '../inference/index.ts'
import type { SpeechModel } from '../whisper/index.ts'
import { CompiledDamagedError, type CompiledIdentity, discard } from './compiled/cache.ts'
import {
  type CompiledGraphs,
  type CompiledOptions,
  type CompileRequest,
  findOrCompile,
  findOrCompileInCache,
} from './compiled/folder.ts'
import { compiledIdentity, isPreparedOn, resolveDevice } from './compiled/identity.ts'
import { chooseFormats } from './precision/precision.ts'

export interface CompiledModelOptions extends CompiledOptions {
  readonly settings: CompiledOptions['settings'] &
    Pick<EngineSettings, 'device' | 'dtype' | 'threads' | 'gpuMemLimitBytes'>
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
): Promise<SpeechModel> {
  const { signal, logger, onLoading } = options
  const { identity, request } = await planOf(checkpoint, checkpointFolder, options)

  const open = async (graphs: CompiledGraphs): Promise<SpeechModel> => {
    onLoading?.({ stage: 'open', item: '', fraction: undefined })
    const { folder, isTemporary, manifest } = graphs
    const { session } = request
    if (identity.options.hasGenerate) {
      const { decoderFormat } = manifest
      const limitBytes = options.settings.gpuMemLimitBytes
      return await openCudaModel(checkpoint, { folder, decoderFormat, isTemporary }, session, limitBytes)
    }
    try {
      return session.device === 'webgpu'
        ? new StepModel(checkpoint, await openWebGpuBackend(checkpoint, folder, session))
        : await openChecked(checkpoint, graphs, session)
    } finally {
      // What is mapped stays until it is unmapped.
      if (isTemporary) rmSync(folder, { recursive: true, force: true })
    }
  }
  const found = await findOrCompile(identity, request, options)
  let canWrite: boolean
  try {
    return await open(found)
  } catch (error) {
    signal.throwIfAborted()
    if (found.manifest.fingerprint === null) throw error // nothing that could be checked, so no sign of damage
    const key = basename(found.folder)
    logger.warn({ err: error, key }, 'the compiled model is damaged, so it is compiled again')
    canWrite = discard(found.folder)
  }
  const again = await findOrCompile(identity, request, options, canWrite)
  try {
    return await open(again)
  } catch (error) {
    if (!(error instanceof CompiledDamagedError)) throw error
    // Twice is no damage: the runtime does not run what it saved. As the compiler wrote them, graphs are exact.
    logger.error({ err: error }, 'prepared graphs give other results, so this model runs without')
    const isWritten = discard(again.folder)
    return await open(await findOrCompile(identity, { ...request, isPrepared: false }, options, isWritten))
  }
}

/**
 * Compiles the model where no earlier load has, and opens nothing. Where the cache may not be written nothing is done:
 * the next load would not find it.
 *
 * @throws {DiskFullError} when the cache does not take it.
 */
export async function prepareCompiledModel(
  checkpoint: Checkpoint,
  checkpointFolder: string,
  options: CompiledModelOptions,
): Promise<void> {
  const { identity, request } = await planOf(checkpoint, checkpointFolder, options)
  await findOrCompileInCache(identity, request, options)
}

/** The folder of the compiled graphs alone, for those who measure them. */
export async function compiledGraphs(
  checkpoint: Checkpoint,
  checkpointFolder: string,
  options: CompiledModelOptions,
): Promise<string> {
  const { identity, request } = await planOf(checkpoint, checkpointFolder, options)
  return (await findOrCompile(identity, request, options)).folder
}

async function planOf(
  { digest, config, generation }: Checkpoint,
  checkpointFolder: string,
  { settings, logger }: CompiledModelOptions,
): Promise<{ identity: CompiledIdentity; request: CompileRequest }> {
  const session: SessionSettings = { device: resolveDevice(settings.device), threads: settings.threads }
  const formats = await chooseFormats({ ...settings, session, width: config.dModel, logger })
  return {
    identity: compiledIdentity({ digest, alignmentHeads: generation.alignmentHeads }, formats, session.device),
    request: {
      checkpointFolder,
      alignmentHeads: generation.alignmentHeads,
      session,
      isPrepared: isPreparedOn(session.device),
    },
  }
}

/** @throws {CompiledDamagedError} when the graphs do not answer as they did when they were compiled. */
async function openChecked(
  checkpoint: Checkpoint,
  { folder, manifest: { fingerprint } }: CompiledGraphs,
  session: SessionSettings,
): Promise<SpeechModel> {
  const backend = await openCpuBackend(checkpoint, folder, session)
  const answered = await backend.fingerprint()
  if (answered === fingerprint) return new StepModel(checkpoint, backend)
  await backend[Symbol.asyncDispose]()
  throw new CompiledDamagedError(`the compiled model answers ${answered} and not ${fingerprint}`)
}
