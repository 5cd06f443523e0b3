/** Gives a recording to save as a file. */

import { saveFile } from '../browser/save.ts'
import { strings } from '../i18n/index.ts'
import { recordingName } from '../text/file-name.ts'
import { Icon } from './Icon.tsx'

export function SaveRecording({ name, recording }: { readonly name: string; readonly recording: Blob }) {
  return (
    <button type="button" onClick={() => saveFile(recordingName(name), recording)}>
      <Icon name="download" size={16} /> {strings.value.transcript.saveRecording}
    </button>
  )
}
