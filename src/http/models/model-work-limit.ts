/** How many loads or downloads may be under way: they stand in no queue of requests, and each costs memory, disk or a swap. */

import { ModelWorkLimitError } from '../../errors/index.ts'

export interface ModelWorkLimits {
  readonly perCaller: number
  readonly inAll: number
}

export class ModelWorkLimit {
  readonly #what: 'loads' | 'downloads'
  readonly #limits: ModelWorkLimits
  readonly #callers: string[] = []

  constructor(what: 'loads' | 'downloads', limits: ModelWorkLimits) {
    this.#what = what
    this.#limits = limits
  }

  /**
   * To be disposed of when the request has ended.
   *
   * @throws {ModelWorkLimitError} when there are as many as allowed.
   */
  enter(caller: string): Disposable {
    const { perCaller, inAll } = this.#limits
    const nOwn = this.#callers.filter((other) => other === caller).length
    if (nOwn >= perCaller) throw new ModelWorkLimitError(this.#what, 'caller')
    if (this.#callers.length >= inAll) throw new ModelWorkLimitError(this.#what, 'all')
    this.#callers.push(caller)
    return { [Symbol.dispose]: () => void this.#callers.splice(this.#callers.indexOf(caller), 1) }
  }
}
