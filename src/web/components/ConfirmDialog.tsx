/** Asks before something is lost. */

import { strings } from '../i18n/index.ts'
import { question } from '../state/confirm.ts'
import { Dialog } from './Dialog.tsx'

export function ConfirmDialog() {
  const asked = question.value
  if (asked === undefined) return null
  return (
    <Dialog title={asked.title} onClose={() => asked.answer(false)}>
      <p>{asked.text}</p>
      <div class="dialog-actions">
        <button type="button" onClick={() => asked.answer(false)}>
          {strings.value.confirm.no}
        </button>
        <button type="button" class="danger" onClick={() => asked.answer(true)}>
          {asked.yes}
        </button>
      </div>
    </Dialog>
  )
}
