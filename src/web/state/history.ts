/** The transcripts of this browser. */

import { computed, signal } from '@preact/signals'
import { recall, remember } from '../browser/storage.ts'
import { withSegments } from '../transcript/edit.ts'
import { isEdited, type Segment, type Transcript, textOf } from '../transcript/transcript.ts'
import { isSoundKept, keepWhole, readSound } from './captures.ts'
import { changeTogether, inDatabase, isWritten, removeFrom, type Summary } from './database.ts'
import { onTabNews, tellTabs } from './tabs.ts'
import { forgetUnkept, keep, retryUnkept, unkept } from './unkept.ts'

/** What all recordings of files together may take; beyond it the oldest go. Those of the microphone are not counted. */
export const AUDIO_BUDGET_BYTES = 500_000_000

export const summaries = signal<readonly Summary[]>([])
export const isAudioKept = signal(recall('keep-audio') !== 'no')
export const audioBytes = computed(() =>
  summaries.value.filter(isReplaceable).reduce((sum, { audioBytes }) => sum + audioBytes, 0),
)

/** Transcripts, recordings and outlines of this visit: a file that was chosen takes no memory. */
const here = {
  transcripts: new Map<string, Transcript>(),
  recordings: new Map<string, Blob>(),
  peaks: new Map<string, readonly number[]>(),
}

/** Corrections that are not written yet: by the id of the transcript, then of the segment. */
const corrections = new Map<string, Map<number, Segment>>()

const onChange: ((id: string, changed: Transcript | undefined) => void)[] = []

/** Calls back when another tab has changed a transcript; undefined: it was deleted. */
export function whenChanged(callback: (id: string, changed: Transcript | undefined) => void): void {
  onChange.push(callback)
}

export async function readHistory(): Promise<void> {
  const kept = await inDatabase((database) => database.getAll('summaries')).catch(() => undefined)
  if (kept === undefined) return
  const known = new Set(kept.map(({ id }) => id))
  const others = summaries.value.filter(({ id }) => here.transcripts.has(id) && !known.has(id))
  summaries.value = inOrder([...kept, ...others])
}

/** Keeps a transcript that is new, with its recording; false where there is no room for the text. */
export async function keepTranscript(transcript: Transcript, recording?: Blob): Promise<boolean> {
  const { id } = transcript
  here.transcripts.set(id, transcript)
  if (recording !== undefined) here.recordings.set(id, recording)
  putSummary(summaryOf(transcript))
  if (recording !== undefined && transcript.isFromMicrophone && !isSoundKept(id)) await keepWhole(id, recording)
  const isKept = await keep('text', id, () => writeTranscript(id))
  if (!isKept || recording === undefined) return isKept
  if (transcript.isFromMicrophone) void noteSize(id, recording.size)
  else if (isAudioKept.value) void keepFileRecording(id, recording).catch(() => {}) // the text is kept all the same
  return true
}

/** Keeps the correction of a segment beside those that other tabs have made of others. */
export async function keepSegment(transcript: Transcript, segment: Segment): Promise<void> {
  const { id } = transcript
  here.transcripts.set(id, transcript)
  corrections.set(id, (corrections.get(id) ?? new Map()).set(segment.id, segment))
  putSummary(summaryOf(transcript, shownLine(id)))
  await keep('text', id, () => writeTranscript(id))
}

/** Reads what is kept, puts the corrections of this tab into it and writes it, in one transaction: no tab's are lost. */
async function writeTranscript(id: string): Promise<boolean> {
  const added = new Map(corrections.get(id))
  let merged: Transcript | undefined
  const isKept = await isWritten((database) =>
    changeTogether(database, ['summaries', 'transcripts', 'captures'], async (change) => {
      const [texts, lines] = [change.objectStore('transcripts'), change.objectStore('summaries')]
      const [stored, line] = await Promise.all([texts.get(id), lines.get(id)])
      const base = stored ?? here.transcripts.get(id)
      if (base === undefined) return // deleted since
      merged = { ...withSegments(base, added), version: (base.version ?? 0) + 1 }
      await Promise.all([
        texts.put(merged),
        lines.put(summaryOf(merged, line)),
        change.objectStore('captures').delete(id), // it has its transcript now
      ])
    }),
  )
  if (!isKept || merged === undefined) return isKept
  const open = corrections.get(id)
  for (const [segmentId, segment] of added) if (open?.get(segmentId) === segment) open.delete(segmentId)
  putSummary(summaryOf(merged, shownLine(id)))
  take(merged)
  tellTabs([id])
  return true
}

/** Takes what the database has, with the corrections that are not in it yet; an answer that was overtaken is left out. */
function take(stored: Transcript): void {
  const before = here.transcripts.get(stored.id)
  if (before !== undefined && (before.version ?? 0) >= (stored.version ?? 0)) return
  const merged = withSegments(stored, corrections.get(stored.id) ?? new Map())
  here.transcripts.set(stored.id, merged)
  for (const callback of onChange) callback(stored.id, merged)
}

async function keepFileRecording(id: string, audio: Blob): Promise<void> {
  if (audio.size > AUDIO_BUDGET_BYTES) return
  await makeRoom(audio.size)
  const isKept = await isWritten((database) => database.put('recordings', { id, audio }))
  if (!isKept) return
  await noteSize(id, audio.size)
  if (!isAudioKept.value) await dropRecording(id) // the reader has chosen so meanwhile
}

async function makeRoom(bytes: number): Promise<void> {
  for (const oldest of summaries.value.toReversed()) {
    if (audioBytes.value + bytes <= AUDIO_BUDGET_BYTES) return
    if (oldest.audioBytes > 0 && isReplaceable(oldest)) await dropRecording(oldest.id)
  }
}

/** A recording of a file can be had again from there. */
function isReplaceable({ isFromMicrophone }: Summary): boolean {
  return isFromMicrophone !== true
}

async function dropRecording(id: string): Promise<void> {
  await inDatabase((database) => database.delete('recordings', id))
  await noteSize(id, 0)
}

/** Writes how much of a recording is kept into the line of its transcript. */
async function noteSize(id: string, audioBytes: number): Promise<void> {
  const shown = shownLine(id)
  if (shown !== undefined) putSummary({ ...shown, audioBytes })
  await isWritten((database) =>
    changeTogether(database, ['summaries'], async (change) => {
      const lines = change.objectStore('summaries')
      const stored = await lines.get(id)
      if (stored !== undefined) await lines.put({ ...stored, audioBytes })
    }),
  )
}

/** From now on recordings of files are kept, or not; those that are there go when they are not. */
export async function chooseAudioKept(isWanted: boolean): Promise<void> {
  isAudioKept.value = isWanted
  remember('keep-audio', isWanted ? undefined : 'no')
  if (isWanted) return
  for (const summary of summaries.value) {
    if (summary.audioBytes > 0 && isReplaceable(summary)) await dropRecording(summary.id)
  }
  await retryUnkept()
}

/** What was made, or opened, in this visit. */
export function madeHere(
  id: string,
): { readonly transcript: Transcript; readonly recording: Blob | undefined } | undefined {
  const transcript = here.transcripts.get(id)
  return transcript && { transcript, recording: here.recordings.get(id) }
}

export async function findTranscript(id: string): Promise<Transcript | undefined> {
  const known = here.transcripts.get(id) ?? (await inDatabase((database) => database.get('transcripts', id)))
  if (known !== undefined) here.transcripts.set(id, known) // from now on with what other tabs change
  return known
}

export async function findRecording(id: string): Promise<Blob | undefined> {
  const known = here.recordings.get(id) ?? (await inDatabase((database) => readSound(database, id)))
  if (known !== undefined) here.recordings.set(id, known) // a reference to the disk, whatever its size
  return known
}

export async function findPeaks(id: string): Promise<readonly number[] | undefined> {
  return here.peaks.get(id) ?? (await inDatabase((database) => database.get('peaks', id)))?.peaks
}

export async function keepPeaks(id: string, peaks: readonly number[]): Promise<void> {
  here.peaks.set(id, peaks)
  if (shownLine(id) === undefined) return
  await isWritten((database) => database.put('peaks', { id, peaks }))
}

/** A file that was chosen again to listen to. */
export function lendRecording(id: string, recording: Blob): void {
  here.recordings.set(id, recording)
}

/** Removes transcripts with their recordings and corrections; recordings that have no transcript stay. */
export async function deleteTranscripts(ids: readonly string[]): Promise<void> {
  for (const id of ids) forget(id)
  await inDatabase((database) => removeFrom(database, ids))
  tellTabs(ids)
  await retryUnkept()
}

function forget(id: string): void {
  for (const map of [...Object.values(here), corrections]) map.delete(id)
  forgetUnkept(id)
  summaries.value = summaries.value.filter((summary) => summary.id !== id)
}

/**
 * Adds what another browser has exported; to what is here the corrections and the recording that are missing. False where
 * there is no room.
 */
export async function mergeTranscript(given: Transcript, recording: Blob | undefined): Promise<boolean> {
  const { id } = given
  const isKept = await isWritten((database) =>
    changeTogether(database, ['summaries', 'transcripts', 'recordings'], async (change) => {
      const [texts, lines] = [change.objectStore('transcripts'), change.objectStore('summaries')]
      const [stored, line] = await Promise.all([texts.get(id), lines.get(id)])
      const corrected = new Map(given.segments.filter(isEdited).map((segment) => [segment.id, segment]))
      for (const segment of stored?.segments ?? []) if (isEdited(segment)) corrected.delete(segment.id)
      const merged = { ...withSegments(stored ?? given, corrected), version: (stored?.version ?? 0) + 1 }
      const added = line?.audioBytes ? undefined : recording
      await Promise.all([
        texts.put(merged),
        lines.put({ ...summaryOf(merged, line), ...(added && { audioBytes: added.size }) }),
        added && change.objectStore('recordings').put({ id, audio: added }),
      ])
    }),
  )
  if (!isKept) return false
  await readAgain([id])
  tellTabs([id])
  return true
}

/** @param before  the line that there is of it. */
function summaryOf(transcript: Transcript, before?: Summary): Summary {
  const { id, name, createdAt, durationSeconds, language, segments } = transcript
  const isFromMicrophone = transcript.isFromMicrophone ?? before?.isFromMicrophone ?? false
  const beginning = textOf(segments.slice(0, 3)).slice(0, 140)
  const line = { id, name, createdAt, durationSeconds, language, beginning, isEdited: segments.some(isEdited) }
  return { ...line, audioBytes: before?.audioBytes ?? 0, isFromMicrophone }
}

function shownLine(id: string): Summary | undefined {
  return summaries.value.find((summary) => summary.id === id)
}

function putSummary(summary: Summary): void {
  summaries.value = inOrder([summary, ...summaries.value.filter(({ id }) => id !== summary.id)])
}

/** Newest first. */
function inOrder(list: readonly Summary[]): Summary[] {
  return list.toSorted((a, b) => b.createdAt - a.createdAt)
}

/** Takes over what was written elsewhere. */
async function readAgain(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    if (!here.transcripts.has(id)) continue
    const stored = await inDatabase((database) => database.get('transcripts', id))
    if (stored !== undefined) take(stored)
    else if (!unkept.value.has(`text ${id}`)) {
      forget(id)
      for (const callback of onChange) callback(id, undefined)
    }
  }
  await readHistory()
}

onTabNews((ids) => void readAgain(ids).catch(() => {})) // it reads again when the tab is next looked at
document.addEventListener('visibilitychange', () => {
  // A tab that was frozen in the background has heard no news.
  if (!document.hidden) void readAgain([...here.transcripts.keys()]).catch(() => {})
})
