/** The loop of `transcribe`: files in, results out, one by one. */

import type { TranscribeRequest, Transcriber } from '../../engine/index.ts'
import { AsrError, isAbort } from '../../errors/index.ts'
import type { Transcription } from '../../transcript/index.ts'
import { describeFailure } from '../exit-codes.ts'
import type { Progress } from '../progress/index.ts'
import type { TranscriptionWish } from './flags.ts'
import type { Input } from './inputs.ts'
import type { FileResult, FileSuccess } from './result-writers.ts'
import type { SpooledInput } from './standard-input.ts'

/** A transcriber: an engine on this machine, or a service. */
export interface Worker {
  readonly transcribe: (request: Omit<TranscribeRequest, 'modelId'>) => ReturnType<Transcriber['transcribe']>
  /** The model, as results name it. */
  readonly modelName: string
}

/** Where results go. */
export interface Results {
  /** Asked before any work. @returns false where nothing is to be done for the file. @throws why it cannot be. */
  wants(input: Input): Promise<boolean>
  /** @throws what kept a result from being stored. */
  add(input: Input, result: FileSuccess, seconds: number): Promise<void>
  fail(input: Input, result: FileResult & { readonly error: string }): void
}

export interface RunOptions extends Pick<TranscriptionWish, 'language' | 'options' | 'hasWords'> {
  readonly worker: Worker
  readonly results: Results
  readonly progress: Progress
  /** Files at a time. */
  readonly jobs: number
  readonly signal: AbortSignal
  /** Makes a file of standard input. */
  readonly spool: () => Promise<SpooledInput>
}

export interface Tally {
  readonly nDone: number
  readonly nSkipped: number
  readonly nFailed: number
  readonly audioSeconds: number
}

export class FileRun {
  readonly #options: RunOptions
  /** The failure that keeps all files from being transcribed. */
  #loadFailure: AsrError | undefined
  #nDone = 0
  #nSkipped = 0
  #nFailed = 0
  #audioSeconds = 0

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** Counts of the files so far, also after an abort. */
  get tally(): Tally {
    return { nDone: this.#nDone, nSkipped: this.#nSkipped, nFailed: this.#nFailed, audioSeconds: this.#audioSeconds }
  }

  /**
   * Each file, a few at a time, begun in their order.
   *
   * @throws the signal's reason after an abort, when nothing runs any more; a failure that all files would meet.
   */
  async all(inputs: readonly Input[]): Promise<void> {
    const queue = inputs.values()
    const failed = new AbortController()
    const lane = async () => {
      for (const input of queue) {
        if (failed.signal.aborted) return
        this.#options.signal.throwIfAborted()
        await this.#one(input)
      }
    }
    const lanes = Array.from({ length: this.#options.jobs }, () =>
      lane().catch((error: unknown) => {
        failed.abort()
        throw error
      }),
    )
    const ends = await Promise.allSettled(lanes)
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  /** @throws as `all`. */
  async #one(input: Input): Promise<void> {
    const { worker, results, progress, hasWords, signal } = this.#options
    const startedAt = performance.now()
    try {
      if (input.failure) throw input.failure
      if (!(await results.wants(input))) {
        this.#nSkipped++
        progress.finish(input.file)
        return
      }
      // A model that does not load for one file loads for none; trying again may cost minutes per file.
      if (this.#loadFailure) throw this.#loadFailure
      const transcription = await this.#transcribe(input)
      const { durationSeconds } = transcription
      progress.finish(input.file, durationSeconds)
      const result = { file: input.file, model: worker.modelName, transcription, hasWords }
      await results.add(input, result, (performance.now() - startedAt) / 1000)
      this.#nDone++
      this.#audioSeconds += durationSeconds
    } catch (error) {
      progress.finish(input.file)
      if (signal.aborted || isAbort(error)) throw error
      if (endsAll(error)) throw error
      if (error instanceof AsrError && error.code === 'ASR_MODEL_LOAD_FAILED') this.#loadFailure = error
      this.#nFailed++
      results.fail(input, { file: input.file, model: worker.modelName, error: describeFailure(error) })
    }
  }

  async #transcribe({ file, path }: Input): Promise<Transcription> {
    const { worker, progress, language, options, signal, spool } = this.#options
    await using spooled = path === undefined ? await spool() : undefined
    const audioPath = spooled?.path ?? path! // one of them is there
    progress.show(file, 0)
    const onProgress = (doneSeconds: number) => progress.show(file, doneSeconds)
    return await worker.transcribe({ audioPath, language, options, onProgress, signal })
  }
}

/** Failures of the command rather than of a file, also where they come from a service. */
const COMMAND_FAILURES: readonly string[] = ['ASR_OPTION_INVALID', 'ASR_MODEL_UNKNOWN', 'ASR_API_KEY']

/** True for a failure that every file would meet. */
export function endsAll(error: unknown): boolean {
  return error instanceof AsrError && COMMAND_FAILURES.includes(error.code)
}
