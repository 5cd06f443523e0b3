/** Unloads models that nobody has asked for in a while. */

import type { Clock } from '../async/clock.ts'
import type { Slot } from './slot.ts'

export interface IdleUnloadOptions {
  /** How long a model may rest; 0: not at all, undefined: for ever. */
  readonly ttlMs: number | undefined
  /** Ids of models that may rest for ever. */
  readonly exempt: ReadonlySet<string>
  readonly clock: Clock
  readonly unload: (slot: Slot) => void
  /** Called when the next model may be due; calls `update`. */
  readonly onDue: () => void
}

export class IdleUnload {
  readonly #options: IdleUnloadOptions
  #cancelTimer: (() => void) | undefined

  constructor(options: IdleUnloadOptions) {
    this.#options = options
  }

  /** When the model goes unless somebody asks for it, in milliseconds since 1970; undefined while it stays. */
  expiresAt(slot: Slot): number | undefined {
    const { ttlMs, exempt } = this.#options
    if (ttlMs === undefined || slot.restsSince === undefined || exempt.has(slot.entry.id)) return undefined
    // Loading a model on demand would make no sense if it went at once.
    if (ttlMs === 0 && slot.isAwaitingUse) return undefined
    return slot.restsSince + ttlMs
  }

  /**
   * Unloads what is due and sets the timer for the next. To be called after every change.
   *
   * @param slots  those that nobody waits for.
   */
  update(slots: readonly Slot[]): void {
    const { clock, unload, onDue } = this.#options
    this.cancel()
    const now = clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const slot of slots) {
      const at = this.expiresAt(slot)
      if (at === undefined) continue
      if (at <= now) unload(slot)
      else next = Math.min(next, at)
    }
    if (next < Number.POSITIVE_INFINITY) this.#cancelTimer = clock.after(next - now, onDue)
  }

  cancel(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}
