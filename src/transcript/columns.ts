/** How wide text is shown. */

import stringWidth from 'string-width'

/** Width of a text in columns: 1 for most characters, 2 for Chinese, Japanese and Korean ones, 0 for combining marks. */
export function columnsOf(text: string): number {
  return stringWidth(text, { countAnsiEscapeCodes: true })
}
