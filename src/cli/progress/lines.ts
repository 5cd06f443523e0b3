/**
 * For a log or a pipe: a line now and then, where something takes long. Short work is told by its results alone, so that
 * a command that succeeds is silent.
 */

import { printable } from '../output.ts'
import { Pace } from './pace.ts'
import type { Progress, ProgressOptions } from './progress.ts'
import { figureTexts, filesText, loadingText } from './wording.ts'

const INTERVAL_MS = 30_000

export function lines(options: ProgressOptions): Progress {
  const { stream, now = () => performance.now() } = options
  const pace = new Pace({ ...options, now })
  let saidAt: number | undefined
  const say = (text: () => string) => {
    saidAt ??= now() // the first event starts the clock
    if (now() - saidAt < INTERVAL_MS) return
    saidAt = now()
    stream.write(`paradox: ${text()}\n`)
  }
  return {
    loading(progress) {
      pace.restart()
      if (progress) say(() => loadingText(progress))
    },
    show(file, doneSeconds) {
      pace.show(file, doneSeconds)
      say(() => {
        const current = pace.current.find((other) => other.file === file)
        const { timesRealTime, remainingSeconds } = pace
        const figures = figureTexts({ current, timesRealTime, remainingSeconds })
        if (pace.nFiles > 1) figures.push(`${filesText(pace, options.unit)} done`)
        return `${printable(file)}: ${figures.join(', ')}`
      })
    },
    finish: (file, audioSeconds) => pace.finish(file, audioSeconds),
    clear() {},
  }
}
