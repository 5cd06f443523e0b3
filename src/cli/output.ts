/** Where text goes, and what of it is safe there. */

export interface Output {
  stdout(text: string): void
  stderr(text: string): void
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A name in one line: control characters, which may be in any file's name, would steer a terminal or fake a line. */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => ESCAPES[char] ?? '?')
}

/** A line about one file that failed. */
export function failureLine(file: string, sentence: string): string {
  return `paradox: ${printable(file)}: ${printable(sentence)}\n`
}

/** `1.2 GB`, `145 MB`, `12 kB`: as disks count them. */
export function sizeText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes >= 1e10 ? 0 : 1)} GB`
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`
  return `${Math.ceil(bytes / 1e3)} kB`
}

/** Below it, a column that gives way would tell nothing. */
const LEAST_COLUMN = 12

/**
 * Rows under their heads, each column as wide as its widest cell, counted as a terminal shows it.
 *
 * @param columns  of the terminal, into which it is to fit as far as the widest column can give way; undefined: a file
 * or pipe, which takes everything.
 */
export function table(rows: readonly (readonly string[])[], columns?: number | undefined): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => shownWidth(row[column] ?? ''))))
  const excess =
    widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - (columns ?? Number.POSITIVE_INFINITY)
  const widest = widths.indexOf(Math.max(...widths))
  if (excess > 0) widths[widest] = Math.max(LEAST_COLUMN, widths[widest]! - excess)
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => fitted(cell, widths[i]!))
      .map((cell, i) => cell + ' '.repeat(Math.max(0, widths[i]! - shownWidth(cell))))
      .join(GAP)
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}

const GAP = '  '

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns of a terminal that a text takes: two for what is drawn wide, such as emoji and Chinese. */
export function shownWidth(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1
  return width
}

const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{20000}-\u{3FFFD}]/u

/** The beginning of a text, as much as fits into so many columns; with an ellipsis where something is cut off. */
export function fitted(text: string, columns: number): string {
  if (shownWidth(text) <= columns) return text
  let fits = ''
  let width = 0
  for (const { segment } of graphemes.segment(text)) {
    width += shownWidth(segment)
    if (width > columns - 1) break
    fits += segment
  }
  return columns > 0 ? `${fits}…` : ''
}
