/**
 * Remembers for a while that a model could not be loaded, so that a model that will not load does not swap out the working one,
 * or ask the hub, for every request: until the next try, requests get the failure at once.
 */

import { isDeepStrictEqual } from 'node:util'
import { backoffMs } from '../async/backoff.ts'
import type { Clock } from '../async/clock.ts'
import { ModelLoadError } from '../errors/index.ts'
import type { ModelEntry } from '../models/registry.ts'

const PAUSES = { firstMs: 5_000, longestMs: 300_000 }

/** Where callers may name any repository of the hub, they can name any number that is not there. */
const MOST_REMEMBERED = 100

export interface LoadFailure {
  readonly modelId: string
  readonly error: ModelLoadError
  /** Milliseconds since 1970. */
  readonly retryAt: number
}

interface Remembered extends LoadFailure {
  readonly origin: ModelEntry['origin']
  /** In a row. */
  readonly nFailures: number
}

export class LoadFailures {
  readonly #clock: Clock
  /** By the models' ids, in the order in which they failed. */
  readonly #failures = new Map<string, Remembered>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Those of models that are not tried again yet. */
  list(): readonly LoadFailure[] {
    return [...this.#failures.values()].filter(({ retryAt }) => retryAt > this.#clock.now())
  }

  /** @returns the error as callers get it: it says when the model will be tried again. */
  note({ id, origin }: ModelEntry, error: unknown): ModelLoadError {
    const nFailures = (this.#remembered(id)?.nFailures ?? 0) + 1
    const pauseMs = backoffMs(nFailures, PAUSES)
    const cause = error instanceof ModelLoadError ? error.cause : error
    const noted = new ModelLoadError(id, cause, pauseMs / 1000)
    this.#failures.delete(id) // so that it comes to the end, as the youngest
    this.#failures.set(id, { modelId: id, origin, error: noted, retryAt: this.#clock.now() + pauseMs, nFailures })
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= MOST_REMEMBERED) break
      this.#failures.delete(oldest)
    }
    return noted
  }

  /** @throws {ModelLoadError} as it was, while the model is not tried again. */
  throwIfPaused(modelId: string): void {
    const remembered = this.#remembered(modelId)
    if (remembered === undefined) return
    const leftMs = remembered.retryAt - this.#clock.now()
    if (leftMs > 0) throw new ModelLoadError(modelId, remembered.error.cause, Math.ceil(leftMs / 1000))
  }

  /** The model is tried again at once. */
  forget(modelId: string): void {
    this.#failures.delete(modelId)
  }

  /** The same for every model with these files. */
  forgetAllOf(origin: ModelEntry['origin']): void {
    for (const [id, other] of this.#failures) if (isDeepStrictEqual(other.origin, origin)) this.#failures.delete(id)
  }

  /** What is long past tells nothing of the next try. */
  #remembered(modelId: string): Remembered | undefined {
    const found = this.#failures.get(modelId)
    return found && this.#clock.now() < found.retryAt + PAUSES.longestMs ? found : undefined
  }
}
