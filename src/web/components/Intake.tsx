/** Where recordings come in: dropped, chosen or spoken, with the options that they get. */

import { useRef } from 'preact/hooks'
import { keyNeed } from '../api/key.ts'
import { locale, strings } from '../i18n/index.ts'
import { recorderState, startRecording } from '../state/recorder.ts'
import { limits } from '../state/service.ts'
import { fileSize } from '../text/size.ts'
import { Icon } from './Icon.tsx'
import { KeyNotice } from './KeyDialog.tsx'
import { Options } from './Options.tsx'
import { sendFiles } from './send-files.ts'
import { ViewTitle } from './ViewTitle.tsx'

export function Intake() {
  const t = strings.value.intake
  return (
    <div class="intake">
      <ViewTitle>{t.title}</ViewTitle>
      <p class="lead">{t.lead}</p>
      <KeyNotice />
      {keyNeed.value === 'none' && (
        <>
          <Source />
          <Options />
        </>
      )}
    </div>
  )
}

function Source() {
  const t = strings.value.intake
  const input = useRef<HTMLInputElement>(null)
  const isBusy = recorderState.value.kind === 'asking' || recorderState.value.kind === 'recording'
  const limit = limits.value?.max_upload_bytes
  return (
    <div class="drop-zone">
      <Icon name="upload" size={36} />
      <p class="drop-title">{t.drop}</p>
      <p class="soft">{limit === undefined ? t.dropHintNoLimit : t.dropHint(fileSize(limit, locale.value))}</p>
      <div class="drop-actions">
        <button type="button" class="primary" onClick={() => input.current?.click()}>
          <Icon name="upload" /> {t.choose}
        </button>
        <button type="button" disabled={isBusy} onClick={() => void startRecording()}>
          <Icon name="microphone" /> {t.record}
        </button>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          sendFiles([...(currentTarget.files ?? [])])
          currentTarget.value = '' // so that the same file may be chosen again
        }}
      />
    </div>
  )
}
