/** The way back to the start, on screens where the list is not beside the text. */

import { strings } from '../i18n/index.ts'
import { NEW } from '../state/route.ts'
import { Icon } from './Icon.tsx'

export function BackLink() {
  return (
    <a class="back-link" href={NEW}>
      <Icon name="arrowLeft" size={16} /> {strings.value.transcript.back}
    </a>
  )
}
