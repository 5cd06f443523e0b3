/** Loads a model and lets it go: afterwards it is downloaded, compiled, and known to run on this machine. */

import { type EngineOptions, EngineProcess } from './engine-process.ts'

/**
 * @throws {ModelLoadError} when it cannot be loaded; the signal's reason after an abort.
 */
export async function loadOnce({
  signal,
  ...options
}: EngineOptions & { readonly signal: AbortSignal }): Promise<void> {
  signal.throwIfAborted()
  const engine = new EngineProcess(options)
  const end = () => void engine.end()
  signal.addEventListener('abort', end, { once: true })
  try {
    await engine.loaded
  } catch (error) {
    signal.throwIfAborted() // it was ended for that, and has said so in its own way
    throw error
  } finally {
    signal.removeEventListener('abort', end)
    await engine.end()
  }
}
