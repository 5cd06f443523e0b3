/** How much memory all engines together may have. Where the system does not tell what they have, there is no limit. */

import type { Logger } from '../logger.ts'
import type { Slot } from './slot.ts'

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
  readonly #warnedOf = new WeakSet<Slot>()

  constructor({ maxBytes, logger }: MemoryLimitOptions) {
    this.#maxBytes = maxBytes
    this.#logger = logger
  }

  /** Remembers what a model has after its load, or after a request. */
  look(slot: Slot): void {
    const bytes = this.#maxBytes === undefined || !slot.isLoaded ? undefined : slot.residentBytes
    if (bytes !== undefined) this.#known.set(slot.entry.id, bytes)
  }

  /** Whether a model may be loaded beside those of `slots`. One alone always may. */
  hasRoomFor(modelId: string, slots: readonly Slot[]): boolean {
    if (this.#maxBytes === undefined || slots.length === 0) return true
    return this.#total(slots) + this.#expected(modelId) <= this.#maxBytes
  }

  isExceeded(slots: readonly Slot[]): boolean {
    return this.#maxBytes !== undefined && this.#total(slots) > this.#maxBytes
  }

  /** Says once that a model is over the limit by itself. */
  warn(slot: Slot): void {
    if (!slot.isLoaded || this.#warnedOf.has(slot)) return
    this.#warnedOf.add(slot)
    const { residentBytes } = slot
    this.#logger.warn(
      { modelId: slot.entry.id, residentBytes, maxBytes: this.#maxBytes },
      'one model alone has more memory than MAX_MODEL_MEMORY allows',
    )
  }

  #total(slots: readonly Slot[]): number {
    return slots.reduce((sum, slot) => sum + this.#bytesOf(slot), 0)
  }

  /** One that is loading has only begun to take what it will. */
  #bytesOf(slot: Slot): number {
    const bytes = slot.residentBytes ?? 0
    return slot.isLoaded || slot.isEnding ? bytes : Math.max(bytes, this.#expected(slot.entry.id))
  }

  /** Of a model that has not been seen yet: as much as the largest that has. */
  #expected(modelId: string): number {
    return this.#known.get(modelId) ?? Math.max(0, ...this.#known.values())
  }
}
