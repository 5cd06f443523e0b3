/** Deletes transcripts, once the reader is sure. */

import { strings } from '../i18n/index.ts'
import { confirmed } from '../state/confirm.ts'
import { closeTranscript } from '../state/document.ts'
import { deleteTranscripts, summaries } from '../state/history.ts'
import { openRecording } from '../state/player.ts'
import { go, NEW, route } from '../state/route.ts'

export async function askToDelete(id: string, name: string): Promise<void> {
  const t = strings.value.confirm
  const isFromMicrophone = summaries.value.find((summary) => summary.id === id)?.isFromMicrophone ?? false
  const text = isFromMicrophone ? `${t.deleteOneText} ${t.onlyHere}` : t.deleteOneText
  if (!(await confirmed(t.deleteOne(name), text))) return
  if (route.value.view === 'transcript' && route.value.id === id) {
    openRecording(id, undefined)
    closeTranscript()
    go(NEW)
  }
  await deleteTranscripts([id])
}

/** Recordings that have no transcript are not among them. */
export async function askToDeleteAll(): Promise<void> {
  const t = strings.value.confirm
  const all = summaries.value
  const recorded = all.filter(({ isFromMicrophone }) => isFromMicrophone).length
  const text = t.deleteAllText(all.length)
  if (!(await confirmed(t.deleteAll, recorded > 0 ? `${text} ${t.recordedHere(recorded)}` : text))) return
  closeTranscript()
  go(NEW)
  await deleteTranscripts(all.map(({ id }) => id))
}
