/** Tables for a terminal, whose columns are counted as it shows them: two for an emoji or a Chinese character. */

import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'

/** Below it, a column that gives way would tell nothing. */
const LEAST_COLUMN = 12
const GAP = '  '

/**
 * Rows under their heads, each column as wide as its widest cell.
 *
 * @param columns  of the terminal; the widest column of the table gives way until it fits, as far as it can. undefined:
 * a file or pipe, which takes everything.
 */
export function table(rows: readonly (readonly string[])[], columns?: number | undefined): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))))
  const excess =
    widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - (columns ?? Number.POSITIVE_INFINITY)
  const widest = widths.indexOf(Math.max(...widths))
  if (excess > 0) widths[widest] = Math.max(LEAST_COLUMN, widths[widest]! - excess)
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cliTruncate(cell, widths[i]!))
      .map((cell, i) => cell + ' '.repeat(widths[i]! - stringWidth(cell)))
      .join(GAP)
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}
