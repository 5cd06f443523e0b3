/** Unloads models that no request has come for in a while. */

import type { Clock } from '../async/clock.ts'
import type { EngineHandle } from './engine-handle.ts'

/** What has to be known of an engine. */
export type RestingEngine = Pick<EngineHandle, 'entry' | 'restsSince' | 'isAwaitingUse'>

export interface IdleUnloadOptions<E> {
  /** How long a model may rest; 0: not at all, undefined: for ever. */
  readonly ttlMs: number | undefined
  /** Ids of models that may rest for ever. */
  readonly exempt: ReadonlySet<string>
  readonly clock: Clock
  readonly unload: (engine: E) => void
  /** Called when the next model may be due; calls `update`. */
  readonly onDue: () => void
}

export class IdleUnload<E extends RestingEngine> {
  readonly #options: IdleUnloadOptions<E>
  #cancelTimer: (() => void) | undefined

  constructor(options: IdleUnloadOptions<E>) {
    this.#options = options
  }

  /** When the model goes unless a request comes for it, in milliseconds since 1970; undefined while it stays. */
  expiresAt(engine: E): number | undefined {
    const { ttlMs, exempt } = this.#options
    if (ttlMs === undefined || engine.restsSince === undefined || exempt.has(engine.entry.id)) return undefined
    // Loading a model on demand would make no sense if it went at once.
    if (ttlMs === 0 && engine.isAwaitingUse) return undefined
    return engine.restsSince + ttlMs
  }

  /**
   * Unloads what is due and sets the timer for the next. To be called after every change.
   *
   * @param engines  those that no request waits for.
   */
  update(engines: readonly E[]): void {
    const { clock, unload, onDue } = this.#options
    this.cancel()
    const now = clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const engine of engines) {
      const at = this.expiresAt(engine)
      if (at === undefined) continue
      if (at <= now) unload(engine)
      else next = Math.min(next, at)
    }
    if (next < Number.POSITIVE_INFINITY) this.#cancelTimer = clock.after(next - now, onDue)
  }

  cancel(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}
