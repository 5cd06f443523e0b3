/** One segment: its time, its words, its doubts. Rendered anew only when something of it has changed. */

import { useMemo } from 'preact/hooks'
import type { Strings } from '../i18n/en.ts'
import { percent } from '../i18n/index.ts'
import { playFrom } from '../state/player.ts'
import { clock, isoDuration } from '../text/time.ts'
import { isUnsure } from '../transcript/doubt.ts'
import { isEdited, type Quality, type Segment } from '../transcript/transcript.ts'
import { piecesOf } from '../transcript/word-layout.ts'
import { Icon } from './Icon.tsx'
import { IconButton } from './IconButton.tsx'

export interface SegmentRowProps {
  readonly segment: Segment
  readonly index: number
  /** Words that are less probable are marked. */
  readonly limit: number
  readonly canPlay: boolean
  readonly strings: Strings['transcript']
  /** Absent where the text may not be changed. */
  readonly onEdit?: (segmentId: number) => void
  readonly onRestore?: (segmentId: number) => void
}

export function SegmentRow({ segment, limit, canPlay, strings: t, onEdit, onRestore }: SegmentRowProps) {
  return useMemo(() => {
    const time = clock(segment.start)
    const isDoubtful = segment.quality !== 'ok' && !isEdited(segment)
    return (
      <li class={canPlay ? 'segment playable' : 'segment'}>
        <button
          type="button"
          class="segment-time"
          disabled={!canPlay}
          aria-label={canPlay ? t.playFrom(time) : undefined}
          onClick={() => playFrom(segment.start)}
        >
          <time dateTime={isoDuration(segment.start)}>{time}</time>
        </button>
        <div class="segment-body">
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: a shortcut for pointers; the buttons beside it and the arrow keys do the same. */}
          <p
            class="segment-text"
            onClick={({ target }) => playWord(segment, target as Element)}
            onDblClick={onEdit && (() => onEdit(segment.id))}
          >
            <Words segment={segment} limit={limit} />
          </p>
          {isDoubtful && <QualityTag quality={segment.quality as Exclude<Quality, 'ok'>} strings={t} />}
          {isEdited(segment) && (
            <span class="tag">
              {t.edited}
              {onRestore && (
                <button type="button" class="link" aria-label={t.restoreOf(time)} onClick={() => onRestore(segment.id)}>
                  <Icon name="undo" size={14} /> {t.restore}
                </button>
              )}
            </span>
          )}
        </div>
        {onEdit && (
          <IconButton
            icon="pencil"
            label={t.editOf(time)}
            title={t.edit}
            size={16}
            class="segment-edit"
            onClick={() => onEdit(segment.id)}
          />
        )}
      </li>
    )
  }, [segment, limit, canPlay, t, onEdit, onRestore])
}

function Words({ segment, limit }: { readonly segment: Segment; readonly limit: number }) {
  return (
    <>
      {piecesOf(segment).map(({ text, word }) => {
        if (word === undefined) return text
        const spoken = segment.words[word]! // an index of it
        const unsure = isUnsure(spoken, limit)
        return (
          <span
            key={word}
            class={unsure ? 'word unsure' : 'word'}
            data-word={word}
            title={unsure ? percent(spoken.probability ?? 0) : undefined}
          >
            {text}
          </span>
        )
      })}
    </>
  )
}

interface QualityTagProps {
  readonly quality: Exclude<Quality, 'ok'>
  readonly strings: Strings['transcript']
}

function QualityTag({ quality, strings: t }: QualityTagProps) {
  return (
    <span class="tag warn" title={t.qualityHint[quality]}>
      <Icon name="warning" size={14} /> {t.quality[quality]}
    </span>
  )
}

/** Plays from the word that was clicked; a click that ends a selection is none. */
function playWord({ words }: Segment, target: Element): void {
  const index = target.closest('[data-word]')?.getAttribute('data-word')
  if (index == null || !(getSelection()?.isCollapsed ?? true)) return
  const word = words[Number(index)]
  if (word !== undefined) playFrom(word.start)
}
