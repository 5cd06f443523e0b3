/** Keys while the transcript has the focus; elsewhere they are the browser's. */

import { editedSegment, transcript } from '../state/document.ts'
import { doubtLimit } from '../state/doubt.ts'
import { isReady, playFrom, position, SKIP_SECONDS, seek, skip, togglePlaying } from '../state/player.ts'
import { lastBegun } from '../transcript/at-time.ts'
import { nextUnsure } from '../transcript/doubt.ts'

/** What is typed in or chosen from keeps its keys. */
const FIELDS = 'input, textarea, select, dialog, [role="slider"]'
/** What Space presses. */
const PRESSED = 'button, a, summary'

/** Does what the key stands for; false for a key that stands for nothing here. */
export function takesKey(event: KeyboardEvent): boolean {
  const target = event.target as Element // keys are pressed on elements
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest(FIELDS) !== null) return false
  if (event.key === ' ' && target.closest(PRESSED) !== null) return false
  if (event.key === 'e' || event.key === 'E') return editCurrent()
  if (!isReady()) return false
  const action = ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key]
  action?.()
  return action !== undefined
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  ' ': togglePlaying,
  ArrowLeft: () => skip(-SKIP_SECONDS),
  ArrowRight: () => skip(SKIP_SECONDS),
  ArrowUp: () => goToSegment(-1),
  ArrowDown: () => goToSegment(1),
  n: goToNextUnsure,
}

function goToSegment(step: number): void {
  const segments = transcript.value?.segments ?? []
  const index = Math.max(0, Math.min(segments.length - 1, lastBegun(segments, position.value + 0.001) + step))
  if (segments[index] !== undefined) seek(segments[index].start)
}

export function goToNextUnsure(): void {
  const segments = transcript.value?.segments ?? []
  const place = nextUnsure(segments, doubtLimit.value, position.value)
  if (place !== undefined) playFrom(segments[place.segment]!.words[place.word]!.start) // a place in these segments
}

function editCurrent(): boolean {
  const segments = transcript.value?.segments ?? []
  const segment = segments[Math.max(0, lastBegun(segments, position.value + 0.001))]
  if (segment !== undefined) editedSegment.value = segment.id
  return segment !== undefined
}
