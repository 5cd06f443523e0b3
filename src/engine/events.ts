/** What happens to models, for the metrics: each that was loaded is unloaded once, for one reason. */

import type { EngineProcess } from './engine-process.ts'

/** `crash`: its process ended by itself; `hang`: it was killed as it did not answer; the others say who ended it. */
const UNLOAD_REASONS = ['idle', 'swap', 'request', 'crash', 'hang', 'shutdown', 'memory'] as const
export type UnloadReason = (typeof UNLOAD_REASONS)[number]

export type EngineEvent =
  | { readonly type: 'loaded'; readonly modelId: string; readonly seconds: number }
  | { readonly type: 'load-failed'; readonly modelId: string }
  | { readonly type: 'unloaded'; readonly modelId: string; readonly reason: UnloadReason }

/**
 * Tells of an engine's load and of its end; resolves when there is nothing more to tell.
 *
 * @param engine     one that has just been started.
 * @param endReason  why it is being ended; undefined while it is not.
 */
export async function reportLife(
  engine: EngineProcess,
  onEvent: (event: EngineEvent) => void,
  endReason: () => UnloadReason | undefined,
): Promise<void> {
  const { modelId } = engine
  const startedAtMs = performance.now()
  try {
    await engine.loaded
  } catch {
    // One that is ended while it loads has not failed.
    if (endReason() === undefined) onEvent({ type: 'load-failed', modelId })
    return
  }
  onEvent({ type: 'loaded', modelId, seconds: (performance.now() - startedAtMs) / 1000 })
  const { isHang } = await engine.exited
  onEvent({ type: 'unloaded', modelId, reason: endReason() ?? (isHang ? 'hang' : 'crash') })
}
