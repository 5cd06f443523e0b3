/** A bar for each file that is worked on, above them one for all; gone before anything else is printed. */

import { createLogUpdate } from 'log-update'
import type { LoadingProgress } from '../../engine/index.ts'
import { Pace } from './pace.ts'
import type { Progress, ProgressOptions } from './progress.ts'
import { barLine, filesText, loadingText } from './wording.ts'

const REDRAW_MS = 125

export function bars(options: ProgressOptions): Progress {
  const { stream } = options
  const pace = new Pace(options)
  // A hidden cursor would stay so after a second Ctrl-C.
  const update = createLogUpdate(stream, { showCursor: true })
  let timer: NodeJS.Timeout | undefined
  let nRows = 0
  let loading: LoadingProgress | undefined

  /** The frame to draw now, a row for each bar. */
  const rows = (): string[] => {
    const columns = stream.columns || 80
    if (loading) return [barLine(loadingText({ ...loading, fraction: undefined }), loading.fraction, {}, columns)]
    const { timesRealTime, remainingSeconds } = pace
    const several = pace.nFiles > 1
    const files = pace.current.map((current) => {
      const { file, doneSeconds, totalSeconds } = current
      const fraction = totalSeconds === undefined ? undefined : doneSeconds / totalSeconds
      return barLine(file, fraction, several ? { current } : { current, timesRealTime, remainingSeconds }, columns)
    })
    if (!several) return files
    const all = barLine(filesText(pace, options.unit), pace.fraction, { timesRealTime, remainingSeconds }, columns)
    // Rows that scroll away at the top could not be drawn over.
    return [all, ...files].slice(0, Math.max(1, (stream.rows || 24) - 1))
  }

  const clear = () => {
    if (timer === undefined) return
    clearInterval(timer)
    timer = undefined
    nRows = 0
    update.clear()
  }

  const redraw = () => update(rows().join('\n'))

  /** At once where a bar comes or goes; the rest is drawn in time. */
  const draw = () => {
    const count = rows().length
    if (count === 0) return clear()
    timer ??= setInterval(redraw, REDRAW_MS).unref()
    if (count !== nRows) redraw()
    nRows = count
  }

  return {
    loading(progress) {
      loading = progress
      pace.restart()
      draw()
    },
    show(file, doneSeconds) {
      pace.show(file, doneSeconds)
      draw()
    },
    finish(file, audioSeconds) {
      pace.finish(file, audioSeconds)
      clear()
    },
    clear,
  }
}
