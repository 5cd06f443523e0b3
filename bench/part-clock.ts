/** Clocks around functions and objects, so that what is measured needs no hooks of its own. */

export type Timed = 'audio' | 'vad' | 'encoder' | 'decoder'

/** Adds up the milliseconds of each part of a job. Parts must not run at the same time. */
export class PartClock {
  readonly spent: Record<Timed, number> = { audio: 0, vad: 0, encoder: 0, decoder: 0 }

  async time<T>(part: Timed, work: () => T | Promise<T>): Promise<T> {
    const from = performance.now()
    try {
      return await work()
    } finally {
      this.spent[part] += performance.now() - from
    }
  }

  /** Counts the waiting for each item. */
  async *iterate<T>(part: Timed, items: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = items[Symbol.asyncIterator]()
    for (;;) {
      const next = await this.time(part, () => iterator.next())
      if (next.done) return
      yield next.value
    }
  }

  /** Counts the time in `owner`'s methods. */
  around<T extends object>(owner: T, part: Timed): T {
    const { spent } = this
    return new Proxy(owner, {
      get(target, key) {
        const member = Reflect.get(target, key, target) as unknown
        if (typeof member !== 'function') return member
        return (...args: readonly unknown[]) => {
          const from = performance.now()
          const count = () => {
            spent[part] += performance.now() - from
          }
          const result = member.apply(target, args) as unknown
          if (result instanceof Promise) return result.finally(count)
          count()
          return result
        }
      },
    })
  }
}
