/** A bar for each file that is worked on, above them one for all; gone before anything else is printed. */

import cliProgress from 'cli-progress'
import type { LoadingProgress } from '../../engine/index.ts'
import { Pace } from './pace.ts'
import type { Progress, ProgressOptions } from './progress.ts'
import { barLine, filesText, loadingText } from './wording.ts'

const REDRAWS_PER_SECOND = 8

export function bars(options: ProgressOptions): Progress {
  const { stream } = options
  const pace = new Pace(options)
  let multiBar: cliProgress.MultiBar | undefined
  let nRows = 0
  let loading: LoadingProgress | undefined

  /** What is to be seen now, a row for each bar. */
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
    // What scrolls away at the top could not be drawn over.
    return [all, ...files].slice(0, Math.max(1, (stream.rows || 24) - 1))
  }

  const clear = () => {
    multiBar?.stop()
    multiBar = undefined
    nRows = 0
  }

  const draw = () => {
    const count = rows().length
    // Rows that come or go would leave pieces of others behind.
    if (count !== nRows) clear()
    if (multiBar !== undefined || count === 0) return
    nRows = count
    multiBar = new cliProgress.MultiBar(
      {
        stream,
        fps: REDRAWS_PER_SECOND,
        clearOnComplete: true,
        linewrap: true, // switched off, it would stay so after a second Ctrl-C
        // Ctrl-C is the command's affair: it has files to keep.
        gracefulExit: false,
        format: (_options, _params, { row }: { row: number }) => rows()[row] ?? '',
      },
      cliProgress.Presets.shades_classic,
    )
    for (let row = 0; row < count; row++) multiBar.create(1, 0, { row })
    multiBar.update()
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
