/** A transcript that is done: player, text, corrections, downloads. */

import { useLayoutEffect, useRef } from 'preact/hooks'
import { strings } from '../i18n/index.ts'
import { openState, openTranscript, recording, transcript } from '../state/document.ts'
import { playerState } from '../state/player.ts'
import { askToDelete } from './ask-to-delete.ts'
import { BackLink } from './BackLink.tsx'
import { DoubtBar } from './DoubtBar.tsx'
import { detailsOf } from './details.ts'
import { Icon } from './Icon.tsx'
import { Player } from './Player.tsx'
import { SaveRecording } from './SaveRecording.tsx'
import { SegmentList } from './SegmentList.tsx'
import { TranscriptActions } from './TranscriptActions.tsx'
import { takesKey } from './transcript-keys.ts'
import { ViewTitle } from './ViewTitle.tsx'

export function DocumentView({ id }: { readonly id: string }) {
  const view = useRef<HTMLElement>(null)
  useLayoutEffect(() => openTranscript(id), [id])
  const t = strings.value.transcript
  const shown = transcript.value?.id === id ? transcript.value : undefined
  if (shown === undefined) {
    if (openState.value !== 'missing') return <p class="waiting-text">{t.loading}</p>
    return (
      <div class="transcript">
        <BackLink />
        <ViewTitle>{t.missing}</ViewTitle>
        <p class="lead">{t.missingHint}</p>
      </div>
    )
  }
  return (
    <article
      ref={view}
      class="transcript"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (takesKey(event)) event.preventDefault()
      }}
    >
      <BackLink />
      <div class="transcript-head">
        <ViewTitle>{shown.name}</ViewTitle>
        <p class="details">{detailsOf(shown).join(' · ')}</p>
      </div>
      <Player
        id={id}
        recording={recording.value}
        durationSeconds={shown.durationSeconds}
        segments={shown.segments}
        mayChooseAgain
      />
      <TranscriptActions transcript={shown}>
        {recording.value !== undefined && <SaveRecording name={shown.name} recording={recording.value} />}
        <button
          type="button"
          class="quiet danger square"
          aria-label={t.delete}
          title={t.delete}
          onClick={() => void askToDelete(id, shown.name)}
        >
          <Icon name="trash" size={16} />
        </button>
      </TranscriptActions>
      <Warnings warnings={shown.warnings} />
      {shown.segments.length === 0 ? (
        <div class="empty large">
          <p>{t.nothingSaid}</p>
          <p class="soft">{t.nothingSaidHint}</p>
        </div>
      ) : (
        <>
          <DoubtBar segments={shown.segments} canPlay={playerState.value === 'ready'} />
          <SegmentList segments={shown.segments} />
        </>
      )}
    </article>
  )
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null
  return (
    <div class="note warn">
      <Icon name="warning" />
      <div class="note-body">
        <strong>{strings.value.transcript.warnings}</strong>
        {warnings.map((warning) => (
          <p key={warning} lang="en">
            {warning}
          </p>
        ))}
      </div>
    </div>
  )
}
