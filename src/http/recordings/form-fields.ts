/** The fields of a form beside its file, as they were sent. */

export class FormFields {
  readonly #values = new Map<string, string[]>()

  add(name: string, value: string): void {
    const values = this.#values.get(name)
    if (values) values.push(value)
    else this.#values.set(name, [value])
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
