/** The browser asks whether it may leave the page while something would be lost, or would stop. */

import { isOver } from './job.ts'
import { jobs } from './queue.ts'
import { recorderState } from './recorder.ts'
import { isAnythingUnkept } from './unkept.ts'

export function askBeforeLeaving(): void {
  addEventListener('beforeunload', (event) => {
    const isUnsent = jobs.value.some((job) => job.isFromMicrophone || !isOver(job))
    if (isUnsent || recorderState.value.kind === 'recording' || isAnythingUnkept()) event.preventDefault()
  })
}
