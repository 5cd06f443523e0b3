/**
 * Downloads and compiles models in processes of their own, while the loaded models work on. Only for a model that is
 * ready another makes room, so no request waits for another model's download.
 */

import { Semaphore } from '../async/semaphore.ts'
import { SingleFlight } from '../async/single-flight.ts'
import type { EngineSettings } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { LoadingProgress } from '../models/base.ts'
import { isReady } from '../models/readiness.ts'
import type { ModelEntry } from '../models/registry.ts'
import type { Patience } from '../processes/silence-watch.ts'
import type { EngineOptions } from './engine-process.ts'
import { prepareInProcess } from './preparation-process.ts'

/**
 * A compiler holds the weights of one graph, beside the loaded models and beyond MAX_MODEL_MEMORY. Two at once could have
 * the system kill the model that is working.
 */
const MOST_AT_ONCE = 1

export interface PreparationsOptions {
  readonly settings: EngineSettings
  readonly logger: Logger
  readonly onLoading: EngineOptions['onLoading']
  /** With a process that gives no sign of life; for tests another. */
  readonly patience?: Patience | undefined
  /**
   * Called once for each preparation that has failed, and not for one that was given up.
   *
   * @returns the failure that the waiting requests get.
   */
  readonly onFailed: (entry: ModelEntry, error: unknown) => unknown
}

/** A model that is being prepared. */
export interface PreparationState {
  readonly modelId: string
  /** undefined: it waits for its turn. */
  readonly pid: number | undefined
  readonly progress: LoadingProgress | undefined
  readonly nWaiting: number
}

export class Preparations {
  readonly #options: PreparationsOptions
  readonly #checks = new SingleFlight<boolean>()
  readonly #running = new SingleFlight<void, LoadingProgress>()
  readonly #turns = new Semaphore(MOST_AT_ONCE)
  readonly #pids = new Map<string, number | undefined>()
  /** By the models' ids; of a model that is given up and asked for again there may be two for a moment. */
  readonly #ends = new Map<string, Promise<unknown>>()

  constructor(options: PreparationsOptions) {
    this.#options = options
  }

  /** Whether the model can be opened as it is on this machine. Those who ask at once share one look. */
  async isReady(entry: ModelEntry, signal: AbortSignal): Promise<boolean> {
    return await this.#checks.join(entry.id, { signal }, async (signal) => {
      const { settings, logger } = this.#options
      try {
        return await isReady(entry, settings, { signal, logger: logger.child({ modelId: entry.id }) })
      } catch {
        return false // what is wrong with it is for the preparation to say
      }
    })
  }

  /**
   * Waits until the model is ready. Several who wait share one preparation, which ends when the last of them leaves;
   * what it has downloaded by then stays.
   *
   * @throws what `onFailed` gave; the signal's reason after an abort.
   */
  async prepare(entry: ModelEntry, signal: AbortSignal): Promise<void> {
    const onProgress = this.#options.onLoading
    await this.#running.join(entry.id, { signal }, (signal, tell) => {
      const run = this.#run(entry, signal, (progress) => {
        tell(progress)
        onProgress?.(progress)
      })
      this.#ends.set(entry.id, run)
      const forget = () => void (this.#ends.get(entry.id) === run && this.#ends.delete(entry.id))
      run.then(forget, forget)
      return run
    })
  }

  states(): readonly PreparationState[] {
    return this.#running.ids().map((modelId) => ({
      modelId,
      pid: this.#pids.get(modelId),
      progress: this.#running.latest(modelId),
      nWaiting: this.#running.nWaitingFor(modelId),
    }))
  }

  /** Settles when no process prepares the model any more; for after all who waited have left. */
  async ended(modelId: string): Promise<void> {
    await this.#ends.get(modelId)?.catch(() => {}) // told to those who waited
  }

  /** The same for all models. */
  async allEnded(): Promise<void> {
    await Promise.allSettled(this.#ends.values())
  }

  async #run(entry: ModelEntry, signal: AbortSignal, onProgress: (progress: LoadingProgress) => void): Promise<void> {
    const { settings, logger, onFailed, patience } = this.#options
    try {
      await this.#turns.run(signal, async () => {
        logger.info({ modelId: entry.id }, 'preparing the model, while those that are loaded go on')
        const onStarted = (pid: number | undefined) => void this.#pids.set(entry.id, pid)
        try {
          await prepareInProcess({ entry, settings, logger, signal, onStarted, onProgress, patience })
        } finally {
          this.#pids.delete(entry.id)
        }
      })
    } catch (error) {
      throw signal.aborted ? error : onFailed(entry, error)
    }
  }
}
