/** How much memory all engines together may have. Where the system does not tell what they have, there is no limit. */

import type { Logger } from '../logger.ts'
import type { EngineHandle } from './engine-handle.ts'

/** What has to be known of an engine. */
export type MeasuredEngine = Pick<EngineHandle, 'entry' | 'isLoaded' | 'isEnding' | 'residentBytes'>

export interface MemoryLimitOptions {
  /** undefined: no limit. */
  readonly maxBytes: number | undefined
  readonly logger: Logger
}

export class MemoryLimit {
  readonly #maxBytes: number | undefined
  readonly #logger: Logger
  /** What each model had when it was last looked at, by its id. */
  readonly #known = new Map<string, number>()
  readonly #warnedOf = new WeakSet<MeasuredEngine>()

  constructor({ maxBytes, logger }: MemoryLimitOptions) {
    this.#maxBytes = maxBytes
    this.#logger = logger
  }

  /** Remembers what a model has after its load, or after a request. */
  look(engine: MeasuredEngine): void {
    const bytes = this.#maxBytes === undefined || !engine.isLoaded ? undefined : engine.residentBytes
    if (bytes !== undefined) this.#known.set(engine.entry.id, bytes)
  }

  /** Whether a model may be loaded beside those of `engines`. One alone always may. */
  hasRoomFor(modelId: string, engines: readonly MeasuredEngine[]): boolean {
    if (this.#maxBytes === undefined || engines.length === 0) return true
    return this.#total(engines) + this.#expected(modelId) <= this.#maxBytes
  }

  isExceeded(engines: readonly MeasuredEngine[]): boolean {
    return this.#maxBytes !== undefined && this.#total(engines) > this.#maxBytes
  }

  /** Says once that a model is over the limit by itself. */
  warn(engine: MeasuredEngine): void {
    if (!engine.isLoaded || this.#warnedOf.has(engine)) return
    this.#warnedOf.add(engine)
    const { residentBytes } = engine
    this.#logger.warn(
      { modelId: engine.entry.id, residentBytes, maxBytes: this.#maxBytes },
      'one model alone has more memory than MAX_MODEL_MEMORY allows',
    )
  }

  #total(engines: readonly MeasuredEngine[]): number {
    return engines.reduce((sum, engine) => sum + this.#bytesOf(engine), 0)
  }

  /** One that is loading has only begun to take what it will. */
  #bytesOf(engine: MeasuredEngine): number {
    const bytes = engine.residentBytes ?? 0
    return engine.isLoaded || engine.isEnding ? bytes : Math.max(bytes, this.#expected(engine.entry.id))
  }

  /** Of a model that has not been seen yet: as much as the largest that has. */
  #expected(modelId: string): number {
    return this.#known.get(modelId) ?? Math.max(0, ...this.#known.values())
  }
}
