/** `paradox transcribe`: files in, text out, one model for all of them. */

import { resolve } from 'node:path'
import { probeAudio } from '../audio/index.ts'
import { readConfig } from '../config.ts'
import { chooseDevice, createEnginePool, type Transcriber } from '../engine/index.ts'
import { AsrError, isAbort } from '../errors/index.ts'
import { createLogger } from '../logger.ts'
import { ModelRegistry } from '../models/registry.ts'
import { describeFailure } from './exit-codes.ts'
import { type ProgressLine, progressLine } from './progress-line.ts'
import { createWriter, type FileResult, type Output } from './result-writers.ts'
import { readTranscribeFlags, type TranscribeFlags, type TranscribeOptions } from './transcribe-options.ts'

/**
 * Loads the model once and transcribes the files one after the other.
 *
 * @returns true when every file succeeded.
 * @throws {OptionInvalidError | ConfigError | ModelUnknownError | DeviceUnavailableError} before anything is done; the
 * signal's reason after an abort.
 */
export async function transcribe(
  files: readonly string[],
  flags: TranscribeFlags,
  { output, signal }: { readonly output: Output; readonly signal: AbortSignal },
): Promise<boolean> {
  const { model, ...asked } = readTranscribeFlags(flags, files.length)
  const config = readConfig()
  const registry = ModelRegistry.load(config.models)
  const modelId = model ?? config.models.defaultId
  registry.resolve(modelId)
  // The log shares the terminal with the result, so only trouble is told unless the user asks for more.
  const logger = createLogger(process.env.LOG_LEVEL ? config.logLevel : 'warn')
  const settings = await chooseDevice(config.engine, logger)

  const progress = progressLine(process.stderr, async (file) => {
    const { ffmpegPath, ffmpegTimeoutSeconds: timeoutSeconds, maxAudioSeconds: maxSeconds } = config.engine
    return (await probeAudio(resolve(file), { ffmpegPath, timeoutSeconds, maxSeconds, signal })).durationSeconds
  })
  const transcriber = createEnginePool({
    resolve: (id) => registry.resolve(id),
    maxLoadedModels: 1,
    settings,
    logger,
    onLoading: (loading) => progress.showLoading(loading),
  })
  try {
    return await transcribeFiles(files, { ...asked, transcriber, modelId, progress, output, signal })
  } finally {
    progress.clear()
    await transcriber.close(0)
  }
}

/** What `transcribe` does once it has somebody who transcribes. */
export async function transcribeFiles(
  files: readonly string[],
  request: Omit<TranscribeOptions, 'model'> & {
    readonly transcriber: Pick<Transcriber, 'transcribe'>
    readonly modelId: string
    readonly progress: ProgressLine
    readonly output: Output
    readonly signal: AbortSignal
  },
): Promise<boolean> {
  const { transcriber, modelId, language, options, format, subtitles, progress, signal } = request
  const writer = createWriter(format, { nFiles: files.length, subtitles }, request.output)
  let isComplete = true
  let loadFailure: AsrError | undefined

  for (const file of files) {
    signal.throwIfAborted()
    const result = await transcribeFile(file)
    progress.clear()
    if ('error' in result) isComplete = false
    writer.add(result)
  }
  writer.end()
  return isComplete

  async function transcribeFile(file: string): Promise<FileResult> {
    try {
      // A model that does not load for one file loads for none; trying again may cost minutes per file.
      if (loadFailure) throw loadFailure
      const onProgress = (doneSeconds: number) => progress.show(file, doneSeconds)
      const audioPath = resolve(file)
      const transcription = await transcriber.transcribe({ modelId, audioPath, language, options, onProgress, signal })
      return { file, model: modelId, transcription }
    } catch (error) {
      if (signal.aborted || isAbort(error)) throw error
      // The model does not do what was asked for, whatever the file.
      if (error instanceof AsrError && error.code === 'ASR_OPTION_INVALID') throw error
      if (error instanceof AsrError && error.code === 'ASR_MODEL_LOAD_FAILED') loadFailure = error
      return { file, model: modelId, error: describeFailure(error) }
    }
  }
}
