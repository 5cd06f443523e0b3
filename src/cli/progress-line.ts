/** One line on a terminal that tells how far the work is, and that is gone before anything else is printed. */

import { basename } from 'node:path'

export interface ProgressLine {
  show(file: string, doneSeconds: number): void
  clear(): void
}

/** What of a standard stream is needed. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const ERASE_LINE = '\r\x1b[2K'

/**
 * Shows nothing where the stream is no terminal: a log file has no use for a line that changes.
 *
 * @param durationOf  length of a file in seconds where it is known; asked once for each file, and only for a terminal.
 */
export function progressLine(
  stream: Terminal,
  durationOf: (file: string) => Promise<number | undefined>,
): ProgressLine {
  if (!stream.isTTY) return { show() {}, clear() {} }
  const durations = new Map<string, number | undefined>()
  let isShown = false
  return {
    show(file, doneSeconds) {
      if (!durations.has(file)) {
        durations.set(file, undefined)
        // A file that cannot be looked into is told by whoever transcribes it.
        durationOf(file)
          .then((seconds) => durations.set(file, seconds))
          .catch(() => {})
      }
      const total = durations.get(file)
      // Headers lie: a length that has been passed is none.
      const isKnown = total !== undefined && total >= doneSeconds
      const figures = `${doneSeconds.toFixed(0)} s${isKnown ? ` of ${total.toFixed(0)} s` : ''}`
      // A line that wraps could not be erased, and control characters in a name would steer the terminal.
      const room = Math.max(0, (stream.columns || 80) - figures.length - 3)
      const name = basename(file)
        .replace(/\p{Cc}/gu, '?')
        .slice(0, room)
      stream.write(`${ERASE_LINE}${name}: ${figures}`)
      isShown = true
    },
    clear() {
      if (isShown) stream.write(ERASE_LINE)
      isShown = false
    },
  }
}
