/** Engines without processes, for tests of the queue before them. */

import type { Engines, QueueEngine } from '../../../src/engine/request-queue.ts'
import type { ModelEntry } from '../../../src/models/registry.ts'

export class PlayedEngine implements QueueEngine {
  readonly modelId: string
  isOpen = true
  isLoaded = true
  nUsers = 0
  nLong = 0

  constructor(modelId: string) {
    this.modelId = modelId
  }

  enter(isLong: boolean): void {
    this.nUsers++
    if (isLong) this.nLong++
  }

  leave(isLong: boolean): void {
    this.nUsers--
    if (isLong) this.nLong--
  }
}

/** Engines that load and end at once; idle ones end when room is needed, as the real ones do. */
export class PlayedEngines implements Engines<PlayedEngine> {
  readonly #maxLoaded: number
  readonly #engines = new Map<string, PlayedEngine>()
  /** Models, in the order in which they were started. */
  readonly started: string[] = []
  nTidied = 0
  areLoadedAtOnce = true

  constructor(maxLoaded: number) {
    this.#maxLoaded = maxLoaded
  }

  all() {
    return this.#engines.values()
  }

  of(modelId: string) {
    return this.#engines.get(modelId)
  }

  start({ id }: ModelEntry) {
    if (this.#engines.size >= this.#maxLoaded) {
      const idle = [...this.#engines.values()].find(({ nUsers }) => nUsers === 0)
      if (!idle) return undefined
      this.#engines.delete(idle.modelId)
    }
    const engine = new PlayedEngine(id)
    engine.isLoaded = this.areLoadedAtOnce
    this.#engines.set(id, engine)
    this.started.push(id)
    return engine
  }

  /** As when its process ends: the next request for the model starts another. */
  die(modelId: string) {
    this.#engines.delete(modelId)
  }

  tidy() {
    this.nTidied++
  }
}
