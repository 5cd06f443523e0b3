/** Takes jobs out of the list; what was recorded here only once the reader is sure. */

import { strings } from '../i18n/index.ts'
import { confirmed } from '../state/confirm.ts'
import { hasFailed, type Job } from '../state/job.ts'
import { jobs, remove, removeFailed } from '../state/queue.ts'

/** False where the reader would rather keep it. */
export async function askToRemove(job: Job): Promise<boolean> {
  const t = strings.value.confirm
  if (job.isFromMicrophone && !(await confirmed(t.removeOne(job.name), t.onlyHere, t.yesRemove))) return false
  if (!jobs.value.includes(job)) return false // it was done meanwhile
  remove(job)
  return true
}

export async function askToRemoveFailed(): Promise<void> {
  const t = strings.value.confirm
  const recorded = jobs.value.filter((job) => hasFailed(job) && job.isFromMicrophone).length
  if (recorded > 0 && !(await confirmed(t.removeFailed, t.removeFailedText(recorded), t.yesRemove))) return
  removeFailed()
}
