/** Progress of the work: bars on a terminal, now and then a line anywhere else. */

import type { OneModelOptions } from '../../engine/index.ts'
import { bars } from './bars.ts'
import { lines } from './lines.ts'
import type { Progress, ProgressOptions } from './progress.ts'

export function createProgress(options: ProgressOptions): Progress {
  // A dumb terminal, such as an editor's, cannot draw over what is there.
  return options.stream.isTTY && process.env.TERM !== 'dumb' ? bars(options) : lines(options)
}

/** Shows nothing, for `--quiet`. */
export const noProgress: Progress = { loading() {}, show() {}, finish() {}, clear() {} }

/** For a pool: tells what loading is at, and when it is over. */
export function loadingTo(progress: () => Progress | undefined): Pick<OneModelOptions, 'onLoading' | 'onEvent'> {
  return {
    onLoading: (loading) => progress()?.loading(loading),
    onEvent: ({ type }) => void (type !== 'unloaded' && progress()?.loading(undefined)),
  }
}

export type { Progress, Terminal } from './progress.ts'
