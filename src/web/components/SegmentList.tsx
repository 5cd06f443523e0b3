/** The text, segment by segment. What is being said is marked by script: thousands of words are not rendered anew for it. */

import { effect } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { strings } from '../i18n/index.ts'
import { changeText, editedSegment, restoreText } from '../state/document.ts'
import { doubtLimit } from '../state/doubt.ts'
import { isPlaying, playerState, position } from '../state/player.ts'
import { lastBegun, spokenAt } from '../transcript/at-time.ts'
import type { Segment } from '../transcript/transcript.ts'
import { SegmentEditor } from './SegmentEditor.tsx'
import { SegmentRow } from './SegmentRow.tsx'

export interface SegmentsProps {
  readonly segments: readonly Segment[]
}

/** Text that may be corrected. */
export function SegmentList({ segments }: SegmentsProps) {
  const list = useSpokenMark(segments)
  const canPlay = playerState.value === 'ready'
  return (
    <ol ref={list} class="segments" aria-label={strings.value.transcript.text}>
      {segments.map((segment, index) =>
        editedSegment.value === segment.id ? (
          <SegmentEditor key={segment.id} segment={segment} onSave={(text) => changeText(segment.id, text)} />
        ) : (
          <SegmentRow
            key={segment.id}
            segment={segment}
            index={index}
            limit={doubtLimit.value}
            canPlay={canPlay}
            strings={strings.value.transcript}
            onEdit={startEditing}
            onRestore={restoreText}
          />
        ),
      )}
    </ol>
  )
}

/** Text that is on its way, or of a job that ended. */
export function ReadOnlySegments({ segments }: SegmentsProps) {
  const list = useSpokenMark(segments)
  const canPlay = playerState.value === 'ready'
  return (
    <ol ref={list} class="segments" aria-label={strings.value.transcript.text}>
      {segments.map((segment, index) => (
        <SegmentRow
          key={segment.id}
          segment={segment}
          index={index}
          limit={doubtLimit.value}
          canPlay={canPlay}
          strings={strings.value.transcript}
        />
      ))}
    </ol>
  )
}

function startEditing(segmentId: number): void {
  editedSegment.value = segmentId
}

/** Marks the segment and the word at the player's position, and keeps the segment in sight while it plays. */
function useSpokenMark(segments: readonly Segment[]) {
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => {
    let [row, word]: (Element | null | undefined)[] = []
    const stop = effect(() => {
      const at = position.value
      const isStarted = at > 0 || isPlaying.value
      const index = isStarted ? lastBegun(segments, at) : -1
      const newRow = list.current?.children[index]
      const newWord = newRow?.querySelector(`[data-word="${spokenAt(segments[index]?.words ?? [], at)}"]`)
      if (newWord !== word) {
        word?.classList.remove('spoken')
        newWord?.classList.add('spoken')
        word = newWord
      }
      if (newRow === row) return
      // A reader who has scrolled elsewhere is left there.
      if (newRow !== undefined && (!row || isInSight(row))) newRow?.scrollIntoView({ block: 'nearest' })
      row?.removeAttribute('aria-current')
      newRow?.setAttribute('aria-current', 'true')
      row = newRow
    })
    return () => {
      stop()
      word?.classList.remove('spoken')
      row?.removeAttribute('aria-current')
    }
  }, [segments])
  return list
}

function isInSight(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect()
  return bottom > 0 && top < innerHeight
}
