/** What a terminal shows of what is written to it: enough of one for lines that are drawn over. */

const ESCAPE = String.fromCharCode(27)
const BELL = String.fromCharCode(7)
const CONTROL = new RegExp(`${ESCAPE}\\[([0-9;?]*)([A-Za-z])|\r|\n|[\b${BELL}]|${ESCAPE}[^[]`, 'g')
/** The beginning of an escape whose rest has not come yet. */
const UNFINISHED = new RegExp(`${ESCAPE}(\\[[0-9;?]*)?$`)
const WIDE = /[\p{Extended_Pictographic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
/** Drawn over the character before it. */
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u

export class Screen {
  readonly #columns: number
  readonly #height: number
  readonly #rows: string[][] = [[]]
  #unfinished = ''
  #row = 0
  /** The first row that has not been scrolled away, which the cursor does not leave. */
  #top = 0
  #column = 0
  #showsCursor = true

  /**
   * @param columns  from which lines go on in the next row.
   * @param height   from which rows are scrolled away.
   */
  constructor(columns = Number.POSITIVE_INFINITY, height = Number.POSITIVE_INFINITY) {
    this.#columns = columns
    this.#height = height
  }

  write(piece: string): void {
    const all = this.#unfinished + piece
    this.#unfinished = UNFINISHED.exec(all)?.[0] ?? ''
    const text = all.slice(0, all.length - this.#unfinished.length)
    let at = 0
    for (const match of text.matchAll(CONTROL)) {
      this.#put(text.slice(at, match.index))
      at = match.index + match[0].length
      const [control, parameters = '', command] = match
      if (control === '\r') this.#column = 0
      else if (control === '\n') this.#moveTo(this.#row + 1)
      else if (control === '\b') this.#column = Math.max(0, this.#column - 1)
      else if (parameters === '?25') this.#showsCursor = command === 'h'
      else if (command !== undefined) this.#obey(command, Number.parseInt(parameters, 10))
    }
    this.#put(text.slice(at))
  }

  /** With those that were scrolled away, without blanks at the ends of lines, and without the empty lines at the end. */
  get rows(): string[] {
    const rows = this.#rows.map((cells) =>
      Array.from(cells, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    )
    while (rows.at(-1) === '') rows.pop()
    return rows
  }

  get showsCursor(): boolean {
    return this.#showsCursor
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
    this.#row = Math.max(this.#top, row)
    this.#top = Math.max(this.#top, this.#row - this.#height + 1)
    while (this.#rows.length <= this.#row) this.#rows.push([])
  }

  #put(text: string): void {
    for (const char of text) {
      if (WITHOUT_WIDTH.test(char)) {
        const before = this.#rows[this.#row]!
        if (this.#column > 0) before[this.#column - 1] = `${before[this.#column - 1] ?? ' '}${char}`
        continue
      }
      const width = WIDE.test(char) ? 2 : 1
      if (this.#column + width > this.#columns) {
        this.#moveTo(this.#row + 1)
        this.#column = 0
      }
      const row = this.#rows[this.#row]!
      row[this.#column] = char
      if (width === 2) row[this.#column + 1] = '' // the second half of it
      this.#column += width
    }
  }
}
