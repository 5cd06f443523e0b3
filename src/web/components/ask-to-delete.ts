/** Deletes a transcript, once the reader is sure. */

import { strings } from '../i18n/index.ts'
import { confirmed } from '../state/confirm.ts'
import { closeTranscript } from '../state/document.ts'
import { deleteTranscript } from '../state/history.ts'
import { openRecording } from '../state/player.ts'
import { go, NEW, route } from '../state/route.ts'

export async function askToDelete(id: string, name: string): Promise<void> {
  const t = strings.value.confirm
  if (!(await confirmed(t.deleteOne(name), t.deleteOneText))) return
  if (route.value.view === 'transcript' && route.value.id === id) {
    openRecording(id, undefined)
    closeTranscript()
    go(NEW)
  }
  await deleteTranscript(id)
}
