/** `paradox transcribe`: files in, text out, one model for all of them. */

import { resolve } from 'node:path'
import { readConfig } from '../config.ts'
import { createEnginePool, ensureDevice, type Transcriber } from '../engine/index.ts'
import { AsrError, isAbort } from '../errors.ts'
import { createLogger } from '../logger.ts'
import { ModelRegistry } from '../models/registry.ts'
import { describeFailure } from './exit-codes.ts'
import { createWriter, type FileResult, type Format, type Output } from './result-writers.ts'

export interface TranscribeOptions {
  /** A registered id, a hub repository or a folder; undefined stands for DEFAULT_MODEL_ID. */
  readonly model?: string | undefined
  readonly language?: string | undefined
  readonly format: Format
}

/**
 * Loads the model once and transcribes the files one after the other.
 *
 * @returns true when every file succeeded.
 * @throws {ConfigError | ModelUnknownError | DeviceUnavailableError} before anything is done; the signal's reason after an abort.
 */
export async function transcribe(
  files: readonly string[],
  { model, language, format }: TranscribeOptions,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<boolean> {
  const config = readConfig()
  const registry = ModelRegistry.load(config.modelsFile)
  const modelId = model ?? config.defaultModelId
  registry.resolve(modelId)
  await ensureDevice(config.engine.device)

  const transcriber = createEnginePool({
    resolve: (id) => registry.resolve(id),
    maxLoadedModels: 1,
    settings: config.engine,
    // The log shares the terminal with the result, so only trouble is told unless the user asks for more.
    logger: createLogger(process.env.LOG_LEVEL ? config.logLevel : 'warn'),
  })
  try {
    return await transcribeFiles(files, { transcriber, modelId, language, format, output, signal })
  } finally {
    await transcriber.close(0)
  }
}

/** What `transcribe` does once it has somebody who transcribes. */
export async function transcribeFiles(
  files: readonly string[],
  request: {
    readonly transcriber: Pick<Transcriber, 'transcribe'>
    readonly modelId: string
    readonly language: string | undefined
    readonly format: Format
    readonly output: Output
    readonly signal: AbortSignal
  },
): Promise<boolean> {
  const { transcriber, modelId, language, signal } = request
  const writer = createWriter(request.format, files.length, request.output)
  let isComplete = true
  let loadFailure: AsrError | undefined

  for (const file of files) {
    signal.throwIfAborted()
    const result = await transcribeFile(file)
    if ('error' in result) isComplete = false
    writer.add(result)
  }
  writer.end()
  return isComplete

  async function transcribeFile(file: string): Promise<FileResult> {
    try {
      // A model that does not load for one file loads for none; trying again may cost minutes per file.
      if (loadFailure) throw loadFailure
      const transcription = await transcriber.transcribe({ modelId, audioPath: resolve(file), language, signal })
      const duration = Math.round(transcription.durationSeconds * 1000) / 1000
      return { file, model: modelId, language: transcription.language, duration, text: transcription.text }
    } catch (error) {
      if (signal.aborted || isAbort(error)) throw error
      if (error instanceof AsrError && error.code === 'ASR_MODEL_LOAD_FAILED') loadFailure = error
      return { file, model: modelId, error: describeFailure(error) }
    }
  }
}
