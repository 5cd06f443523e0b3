/** The transcript that is open, with what belongs to it. */

import { batch, signal } from '@preact/signals'
import { withOriginalText, withSegments, withText } from '../transcript/edit.ts'
import type { Segment, Transcript } from '../transcript/transcript.ts'
import { findRecording, findTranscript, keepSegment, lendRecording, madeHere, whenChanged } from './history.ts'

export type OpenState = 'opening' | 'missing' | 'open'

export const openState = signal<OpenState>('opening')
export const transcript = signal<Transcript | undefined>(undefined)
export const recording = signal<Blob | undefined>(undefined)
/** Id of the segment whose text is being changed. */
export const editedSegment = signal<number | undefined>(undefined)

/** Which transcript was asked for last. */
let wanted: string | undefined

/** Opens what is kept under this id: at once where it was made in this visit. */
export function openTranscript(id: string): void {
  if (wanted === id && openState.value === 'open') return
  wanted = id
  const made = madeHere(id)
  if (made !== undefined) {
    show(made.transcript, made.recording)
    return
  }
  batch(() => {
    openState.value = 'opening'
    transcript.value = undefined
    recording.value = undefined
    editedSegment.value = undefined
  })
  void Promise.all([findTranscript(id), findRecording(id)]).then(([found, audio]) => {
    if (wanted === id) show(found, audio)
  })
}

function show(found: Transcript | undefined, audio: Blob | undefined): void {
  batch(() => {
    openState.value = found === undefined ? 'missing' : 'open'
    transcript.value = found
    recording.value = audio
    editedSegment.value = undefined
  })
}

/** Forgets what is open, after it was deleted. */
export function closeTranscript(): void {
  wanted = undefined
  show(undefined, undefined)
}

export function changeText(segmentId: number, text: string): void {
  changeSegment(segmentId, (segment) => withText(segment, text))
}

export function restoreText(segmentId: number): void {
  changeSegment(segmentId, withOriginalText)
}

/** A recording that is not kept, from the reader's disk. */
export function listenTo(file: File): void {
  if (transcript.value === undefined) return
  lendRecording(transcript.value.id, file)
  recording.value = file
}

function changeSegment(segmentId: number, change: (segment: Segment) => Segment): void {
  const before = transcript.value
  const segment = before?.segments.find(({ id }) => id === segmentId)
  if (before === undefined || segment === undefined) return
  const changed = change(segment)
  if (changed === segment) return
  transcript.value = withSegments(before, new Map([[segmentId, changed]]))
  void keepSegment(transcript.value, changed)
}

whenChanged((id, changed) => {
  if (transcript.value?.id !== id) return
  if (changed === undefined) closeTranscript()
  else transcript.value = changed
})
