/** Paradox ASR inside another program: a loaded model, which lives in a process of its own, never in the caller's. */

import { tmpdir } from 'node:os'
import { type EnginePool, openModel } from '../engine/index.ts'
import { ModelClosedError } from '../errors/index.ts'
import { readLanguage } from '../languages.ts'
import { createLogger } from '../logger.ts'
import { sweepTemporaryFolders } from '../temporary-folders.ts'
import type { LanguageDetection, Segment, Transcription } from '../transcript/index.ts'
import { requestedOptions, type TranscribeOptions } from './options.ts'
import { type RecordingInput, recordingFile } from './recording.ts'
import { configOf, type ModelSettings } from './settings.ts'

export type DetectOptions = Pick<
  TranscribeOptions,
  'signal' | 'languages' | 'languageDetectionSegments' | 'languageDetectionThreshold' | 'vadFilter' | 'threshold'
>

/** Several calls may run at a time: they share the model's steps. */
export interface SpeechModel extends AsyncDisposable {
  /** As it was asked for. */
  readonly id: string
  /**
   * The whole recording.
   *
   * @throws {AsrError} any expected failure; after an abort, the signal's reason.
   */
  transcribe(recording: RecordingInput, options?: TranscribeOptions): Promise<Transcription>
  /**
   * Its segments as soon as their window is done. Who stops listening stops the work.
   *
   * @returns at the end the whole transcription, for those who ask for it.
   * @throws as `transcribe`.
   */
  stream(recording: RecordingInput, options?: TranscribeOptions): AsyncGenerator<Segment, Transcription, undefined>
  /** The language that is spoken, by the first windows with speech. @throws as `transcribe`. */
  detectLanguage(recording: RecordingInput, options?: DetectOptions): Promise<LanguageDetection>
  /** Ends the model's process, which gives all of its memory back. Calls that still run fail. */
  close(): Promise<void>
}

/**
 * Downloads, compiles and loads a model as far as that has not been done. To be closed, by `close` or `await using`: a
 * program does not end while its model is loaded.
 *
 * @param id  an id of `paradox models`, a hub repository (`openai/whisper-small`) or a folder.
 * @throws {ModelUnknownError | ConfigError | DeviceUnavailableError | ModelLoadError}; the signal's reason after an abort.
 */
export async function loadModel(id: string, settings: ModelSettings = {}): Promise<SpeechModel> {
  const signal = settings.signal ?? new AbortController().signal
  signal.throwIfAborted()
  const config = configOf(settings)
  void sweepTemporaryFolders([config.tempDir, tmpdir()])
  const pool = await openModel(id, config, { logger: createLogger(config.logLevel), onLoading: settings.onLoading })
  try {
    await pool.load(id, signal)
    return new PooledModel(id, pool, config.tempDir)
  } catch (error) {
    await pool.close(0)
    throw error
  }
}

export type TranscribeOnceOptions = TranscribeOptions & {
  /** An id of `paradox models`, a hub repository or a folder; `base` where it is left out. */
  readonly model?: string | undefined
  readonly settings?: ModelSettings | undefined
}

/**
 * One recording by a model that is loaded for it and closed again; for several, `loadModel` once.
 *
 * @throws as `loadModel`, and as its `transcribe`.
 */
export async function transcribe(
  recording: RecordingInput,
  { model: id = 'base', settings, ...options }: TranscribeOnceOptions = {},
): Promise<Transcription> {
  const { signal } = options
  await using model = await loadModel(id, signal === undefined ? settings : { signal, ...settings })
  return await model.transcribe(recording, options)
}

class PooledModel implements SpeechModel {
  readonly id: string
  readonly #pool: EnginePool
  readonly #tempDir: string
  readonly #closing = new AbortController()

  constructor(id: string, pool: EnginePool, tempDir: string) {
    this.id = id
    this.#pool = pool
    this.#tempDir = tempDir
  }

  async transcribe(recording: RecordingInput, options: TranscribeOptions = {}): Promise<Transcription> {
    const { onProgress, onSegments } = options
    const language = readLanguage(options.language)
    const requested = requestedOptions(options)
    const signal = this.#signalOf(options.signal)
    await using file = await recordingFile(recording, this.#tempDir)
    const request = {
      modelId: this.id,
      audioPath: file.path,
      language,
      options: requested,
      onProgress,
      onSegments,
      signal,
    }
    return await reasonFirst(signal, this.#pool.transcribe(request))
  }

  async *stream(
    recording: RecordingInput,
    options: TranscribeOptions = {},
  ): AsyncGenerator<Segment, Transcription, undefined> {
    const stopped = new AbortController()
    const arrived: Segment[] = []
    let wake = Promise.withResolvers<void>()
    let isOver = false
    const work = this.transcribe(recording, {
      ...options,
      signal: options.signal ? AbortSignal.any([options.signal, stopped.signal]) : stopped.signal,
      onSegments: (segments) => {
        arrived.push(...segments)
        options.onSegments?.(segments)
        wake.resolve()
      },
    })
    const over = () => {
      isOver = true
      wake.resolve()
    }
    work.then(over, over)
    try {
      for (;;) {
        for (let next = arrived.shift(); next; next = arrived.shift()) yield next
        if (isOver) return await work
        await wake.promise
        wake = Promise.withResolvers<void>()
      }
    } finally {
      stopped.abort()
      await work.catch(() => {}) // its failure has been thrown above, or the caller has stopped listening
    }
  }

  async detectLanguage(recording: RecordingInput, options: DetectOptions = {}): Promise<LanguageDetection> {
    const requested = requestedOptions(options)
    const signal = this.#signalOf(options.signal)
    await using file = await recordingFile(recording, this.#tempDir)
    const request = { modelId: this.id, audioPath: file.path, options: requested, signal }
    return await reasonFirst(signal, this.#pool.detectLanguage(request))
  }

  async close(): Promise<void> {
    this.#closing.abort(new ModelClosedError(this.id))
    await this.#pool.close(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #signalOf(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal
  }
}

/** Whatever failed, after an abort it is the abort that its caller is to see. */
async function reasonFirst<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
