/** Addresses that try keys: after a few wrong ones in a minute they are told to wait, whatever they send. */

/** A person who mistypes, or a script with a key that is no longer valid, sends fewer before somebody looks. */
const MOST_WRONG = 10
const WINDOW_MS = 60_000
/** One that is forgotten starts anew, the one that has been silent longest first. */
const MAX_ADDRESSES = 10_000

interface Address {
  /** Of the window, in milliseconds on the clock of `now`. */
  since: number
  nWrong: number
  /** Numbers of the keys that it has used. */
  readonly known: Set<number>
}

export class KeyGuesses {
  readonly #now: () => number
  readonly #addresses = new Map<string, Address>()

  /** @param now  milliseconds on a clock that never goes back. */
  constructor(now = () => performance.now()) {
    this.#now = now
  }

  noteWrong(address: string): void {
    this.#of(address).nWrong++
  }

  /**
   * Whether a request with this key has to wait. A key that the address has used before never does: a proxy stands for many
   * callers, of which one may be guessing. A key that is new there does, or the guess that is right would be let in.
   *
   * @returns seconds to wait; 0 for none.
   */
  secondsToWait(address: string, keyNumber: number | undefined): number {
    const { since, nWrong, known } = this.#of(address)
    if (nWrong < MOST_WRONG || (keyNumber !== undefined && known.has(keyNumber))) {
      if (keyNumber !== undefined) known.add(keyNumber)
      return 0
    }
    return Math.max(1, Math.ceil((since + WINDOW_MS - this.#now()) / 1000))
  }

  #of(address: string): Address {
    const now = this.#now()
    const found = this.#addresses.get(address) ?? { since: now, nWrong: 0, known: new Set<number>() }
    if (now - found.since >= WINDOW_MS) Object.assign(found, { since: now, nWrong: 0 })
    this.#addresses.delete(address) // so that the map is in the order of use
    this.#addresses.set(address, found)
    if (this.#addresses.size > MAX_ADDRESSES) this.#addresses.delete(this.#addresses.keys().next().value!)
    return found
  }
}
