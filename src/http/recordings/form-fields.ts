/** The fields of a form beside its file, as they were sent: those that its route knows, and no more of them than it needs. */

import { FormTooLargeError } from '../../errors/index.ts'

/** Of all values, and so of each: a prompt may be the transcript of a whole day, of which its end counts. */
export const MAX_FIELD_BYTES = 256 * 1024
/** Longer than any that is known. */
const LONGEST_NAME = 100

export class FormFields {
  readonly #known: ReadonlySet<string>
  readonly #values = new Map<string, string[]>()
  #bytes = 0

  /** @param known  names of fields; the same with brackets behind them, such as `keywords[]` and `keywords[0]`, are known too. */
  constructor(known: Iterable<string>) {
    this.#known = new Set(known)
  }

  /**
   * Keeps the value, unless nobody will ask for it.
   *
   * @throws {FormTooLargeError} when all of them together are too long.
   */
  add(name: string, value: string): void {
    if (!this.#isKnown(name)) return
    this.#bytes += Buffer.byteLength(value)
    if (this.#bytes > MAX_FIELD_BYTES) throw new FormTooLargeError(`${MAX_FIELD_BYTES / 1024} kB of fields`)
    const values = this.#values.get(name)
    if (values) values.push(value)
    else this.#values.set(name, [value])
  }

  #isKnown(name: string): boolean {
    return name.length <= LONGEST_NAME && this.#known.has(name.replace(/\[\w*\]$/, ''))
  }

  /** All values of a field, in their order. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  get names(): readonly string[] {
    return [...this.#values.keys()]
  }

  /** Of repeated fields the last value. */
  last(): Record<string, string> {
    // Without a prototype, since a client may send a field that is called __proto__.
    const last: Record<string, string> = Object.create(null)
    for (const [name, values] of this.#values) last[name] = values.at(-1)! // there is one where there is a name
    return last
  }
}
