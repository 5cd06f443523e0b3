/** A recording and its text: on its way, or done. */

import { useEffect } from 'preact/hooks'
import { openRecording } from '../state/player.ts'
import { findJob } from '../state/queue.ts'
import { DocumentView } from './DocumentView.tsx'
import { JobView } from './JobView.tsx'

export function TranscriptView({ id }: { readonly id: string }) {
  useEffect(() => () => openRecording(id, undefined), [id])
  const job = findJob(id)
  return job === undefined ? <DocumentView id={id} /> : <JobView job={job} />
}
