/** One segment as a field. Enter saves, and so does leaving it in any way; Escape leaves the text as it was. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { strings } from '../i18n/index.ts'
import { editedSegment, transcript } from '../state/document.ts'
import { clock } from '../text/time.ts'
import type { Segment } from '../transcript/transcript.ts'

export interface SegmentEditorProps {
  readonly segment: Segment
  readonly onSave: (text: string) => void
}

export function SegmentEditor({ segment, onSave }: SegmentEditorProps) {
  const t = strings.value.transcript
  const [text, setText] = useState(segment.text)
  const row = useRef<HTMLLIElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const typed = useRef(segment.text)
  const hasEnded = useRef(false)
  const time = clock(segment.start)

  useLayoutEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(text.length, text.length)
  }, [])
  useLayoutEffect(() => {
    const { style, scrollHeight } = field.current! // rendered below
    style.height = 'auto'
    style.height = `${Math.max(scrollHeight, field.current!.scrollHeight)}px`
  }, [text])

  useEffect(() => {
    const shown = transcript.value?.id
    const ask = (event: BeforeUnloadEvent) => {
      if (typed.current !== segment.text) event.preventDefault()
    }
    addEventListener('beforeunload', ask)
    return () => {
      removeEventListener('beforeunload', ask)
      // Taken away while it was typed in, as by Back.
      if (!hasEnded.current && transcript.value?.id === shown) onSave(typed.current)
    }
  }, [])

  function end(isSaved: boolean): void {
    if (hasEnded.current) return // its row is on its way out
    hasEnded.current = true
    editedSegment.value = undefined
    if (isSaved) onSave(typed.current)
    // The focus goes to where the text is shown again, once it is.
    const list = row.current?.parentElement
    const index = [...(list?.children ?? [])].indexOf(row.current!)
    requestAnimationFrame(() => list?.children[index]?.querySelector<HTMLElement>('.segment-edit')?.focus())
  }

  return (
    <li
      ref={row}
      class="segment editing"
      onFocusOut={({ relatedTarget }) => {
        if (relatedTarget !== null && !row.current?.contains(relatedTarget as Node)) end(true)
      }}
    >
      <span class="segment-time">
        <time>{time}</time>
      </span>
      <div class="segment-body">
        <textarea
          ref={field}
          rows={1}
          value={text}
          aria-label={t.textOf(time)}
          onInput={({ currentTarget }) => {
            typed.current = currentTarget.value
            setText(typed.current)
          }}
          onKeyDown={(event) => {
            if (event.isComposing) return
            if (event.key === 'Escape') end(false)
            else if (event.key === 'Enter' && !event.shiftKey) end(true)
            else return
            event.preventDefault()
          }}
        />
        <div class="segment-edit-actions">
          <button type="button" class="primary small" onClick={() => end(true)}>
            {t.save}
          </button>
          <button type="button" class="small" onClick={() => end(false)}>
            {t.cancelEdit}
          </button>
        </div>
      </div>
    </li>
  )
}
