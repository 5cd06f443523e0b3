/** What a terminal shows of what is written to it: enough of one for lines that are drawn over. */

const ESCAPE = String.fromCharCode(27)
const BELL = String.fromCharCode(7)
const CONTROL = new RegExp(`${ESCAPE}\\[([0-9;?]*)([A-Za-z])|\r|\n|[\b${BELL}]|${ESCAPE}.`, 'g')

export class Screen {
  readonly #rows: string[][] = [[]]
  #row = 0
  #column = 0

  write(text: string): void {
    let at = 0
    for (const match of text.matchAll(CONTROL)) {
      this.#put(text.slice(at, match.index))
      at = match.index + match[0].length
      const [control, parameters = '', command] = match
      if (control === '\r') this.#column = 0
      else if (control === '\n') this.#moveTo(this.#row + 1)
      else if (control === '\b') this.#column = Math.max(0, this.#column - 1)
      else if (command !== undefined) this.#obey(command, Number.parseInt(parameters, 10))
    }
    this.#put(text.slice(at))
  }

  /** Without blanks at the ends of lines, and without the empty lines at the end. */
  get rows(): string[] {
    const rows = this.#rows.map((cells) =>
      Array.from(cells, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
    while (rows.at(-1) === '') rows.pop()
    return rows
  }

  #obey(command: string, parameter: number): void {
    const count = Number.isNaN(parameter) ? 1 : parameter
    if (command === 'A') this.#moveTo(this.#row - count)
    else if (command === 'B') this.#moveTo(this.#row + count)
    else if (command === 'C') this.#column += count
    else if (command === 'D') this.#column = Math.max(0, this.#column - count)
    else if (command === 'G') this.#column = count - 1
    else if (command === 'K' || command === 'J') {
      const row = this.#rows[this.#row]!
      row.length = parameter === 2 ? 0 : Math.min(row.length, this.#column)
      if (command === 'J') this.#rows.length = this.#row + 1
    }
  }

  #moveTo(row: number): void {
    this.#row = Math.max(0, row)
    while (this.#rows.length <= this.#row) this.#rows.push([])
  }

  #put(text: string): void {
    for (const char of text) this.#rows[this.#row]![this.#column++] = char
  }
}
