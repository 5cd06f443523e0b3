/** One line on a terminal that tells how far the work is, and that is gone before anything else is printed. */

import { basename } from 'node:path'
import type { LoadingProgress } from '../engine/index.ts'

export interface ProgressLine {
  show(file: string, doneSeconds: number): void
  /** What the model is at before it can begin: minutes, at the first use of a large one. */
  showLoading(loading: LoadingProgress): void
  clear(): void
}

const STAGES = { download: 'downloading', compile: 'compiling the model', open: 'loading the model' } as const

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
  if (!stream.isTTY) return { show() {}, showLoading() {}, clear() {} }
  const durations = new Map<string, number | undefined>()
  let isShown = false
  const write = (name: string, figures: string) => {
    // A line that wraps could not be erased, and control characters in a name would steer the terminal.
    const room = Math.max(0, (stream.columns || 80) - figures.length - 1)
    stream.write(`${ERASE_LINE}${name.replace(/\p{Cc}/gu, '?').slice(0, room)}${figures}`)
    isShown = true
  }
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
      write(basename(file), `: ${figures}`)
    },
    showLoading({ stage, item, fraction }) {
      const percent = fraction === undefined ? '' : ` ${Math.floor(100 * fraction)} %`
      write(`${STAGES[stage]} ${item}`.trimEnd(), percent)
    },
    clear() {
      if (isShown) stream.write(ERASE_LINE)
      isShown = false
    },
  }
}
