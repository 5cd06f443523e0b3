/** One segment as a field. Enter saves, and so does leaving it; Escape leaves the text as it was. */

import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { strings } from '../i18n/index.ts'
import { editedSegment } from '../state/document.ts'
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

  function end(isSaved: boolean): void {
    if (editedSegment.value !== segment.id) return // it has ended already, and its row is on its way out
    editedSegment.value = undefined
    if (isSaved) onSave(text)
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
          onInput={({ currentTarget }) => setText(currentTarget.value)}
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
