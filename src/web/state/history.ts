/** The transcripts of this browser. */

import { computed, signal } from '@preact/signals'
import { recall, remember } from '../browser/storage.ts'
import { isEdited, type Transcript, textOf } from '../transcript/transcript.ts'
import { type Database, openDatabase, removeAllFrom, removeFrom, type Summary } from './database.ts'

/** What all recordings together may take; beyond it the oldest go. */
export const AUDIO_BUDGET_BYTES = 500_000_000

export const summaries = signal<readonly Summary[]>([])
/** Undefined until the browser has been asked. */
export const isKept = signal<boolean | undefined>(undefined)
export const isAudioKept = signal(recall('keep-audio') !== 'no')
export const audioBytes = computed(() => summaries.value.reduce((sum, { audioBytes }) => sum + audioBytes, 0))

/** Transcripts, recordings and outlines of this visit: a file that was chosen takes no memory. */
const here = {
  transcripts: new Map<string, Transcript>(),
  recordings: new Map<string, Blob>(),
  peaks: new Map<string, readonly number[]>(),
}

const opened: Promise<Database | undefined> = openDatabase()

export async function readHistory(): Promise<void> {
  const database = await opened
  isKept.value = database !== undefined
  if (database === undefined) return
  const kept = await database.getAll('summaries')
  const known = new Set(kept.map(({ id }) => id))
  const others = summaries.value.filter(({ id }) => here.transcripts.has(id) && !known.has(id))
  summaries.value = inOrder([...kept, ...others])
}

/** Keeps a transcript that is new or has been changed. */
export async function keepTranscript(transcript: Transcript, recording?: Blob): Promise<void> {
  here.transcripts.set(transcript.id, transcript)
  if (recording !== undefined) here.recordings.set(transcript.id, recording)
  const before = summaries.value.find(({ id }) => id === transcript.id)
  const summary = summaryOf(transcript, before?.audioBytes ?? 0)
  putSummary(summary)
  const database = await opened
  if (database === undefined) return
  try {
    const change = database.transaction(['summaries', 'transcripts'], 'readwrite')
    await Promise.all([
      change.objectStore('summaries').put(summary),
      change.objectStore('transcripts').put(transcript),
      change.done,
    ])
    if (recording !== undefined && isAudioKept.value) await keepRecording(database, summary, recording)
  } catch {
    isKept.value = false // the disk is full, or the browser keeps nothing after all; it lasts as long as the page
  }
}

async function keepRecording(database: Database, summary: Summary, audio: Blob): Promise<void> {
  if (audio.size > AUDIO_BUDGET_BYTES) return
  await makeRoom(database, audio.size)
  try {
    await database.put('recordings', { id: summary.id, audio })
  } catch {
    return // more than the browser gives; the transcript is kept all the same
  }
  const kept = { ...(summaries.value.find(({ id }) => id === summary.id) ?? summary), audioBytes: audio.size }
  putSummary(kept)
  await database.put('summaries', kept)
}

async function makeRoom(database: Database, bytes: number): Promise<void> {
  for (const oldest of summaries.value.toReversed()) {
    if (audioBytes.value + bytes <= AUDIO_BUDGET_BYTES) return
    if (oldest.audioBytes > 0) await dropRecording(database, oldest)
  }
}

async function dropRecording(database: Database, summary: Summary): Promise<void> {
  const without = { ...summary, audioBytes: 0 }
  await database.delete('recordings', summary.id)
  await database.put('summaries', without)
  putSummary(without)
}

/** From now on recordings are kept, or not; those that are there go when they are not. */
export async function chooseAudioKept(isWanted: boolean): Promise<void> {
  isAudioKept.value = isWanted
  remember('keep-audio', isWanted ? undefined : 'no')
  const database = await opened
  if (isWanted || database === undefined) return
  for (const summary of summaries.value) if (summary.audioBytes > 0) await dropRecording(database, summary)
}

/** What was made, or opened, in this visit. */
export function madeHere(
  id: string,
): { readonly transcript: Transcript; readonly recording: Blob | undefined } | undefined {
  const transcript = here.transcripts.get(id)
  return transcript && { transcript, recording: here.recordings.get(id) }
}

export async function findTranscript(id: string): Promise<Transcript | undefined> {
  return here.transcripts.get(id) ?? (await (await opened)?.get('transcripts', id))
}

export async function findRecording(id: string): Promise<Blob | undefined> {
  const known = here.recordings.get(id) ?? (await (await opened)?.get('recordings', id))?.audio
  if (known !== undefined) here.recordings.set(id, known) // a reference to the disk, whatever its size
  return known
}

export async function findPeaks(id: string): Promise<readonly number[] | undefined> {
  return here.peaks.get(id) ?? (await (await opened)?.get('peaks', id))?.peaks
}

export async function keepPeaks(id: string, peaks: readonly number[]): Promise<void> {
  here.peaks.set(id, peaks)
  const database = await opened
  if (summaries.value.some((summary) => summary.id === id)) await database?.put('peaks', { id, peaks }).catch(() => {})
}

/** A file that was chosen again to listen to. */
export function lendRecording(id: string, recording: Blob): void {
  here.recordings.set(id, recording)
}

export async function deleteTranscript(id: string): Promise<void> {
  for (const map of Object.values(here)) map.delete(id)
  summaries.value = summaries.value.filter((summary) => summary.id !== id)
  const database = await opened
  if (database !== undefined) await removeFrom(database, id)
}

export async function deleteAll(): Promise<void> {
  for (const map of Object.values(here)) map.clear()
  summaries.value = []
  const database = await opened
  if (database !== undefined) await removeAllFrom(database)
}

function summaryOf(transcript: Transcript, audioBytes: number): Summary {
  const { id, name, createdAt, durationSeconds, language, segments } = transcript
  const beginning = textOf(segments.slice(0, 3)).slice(0, 140)
  return { id, name, createdAt, durationSeconds, language, beginning, isEdited: segments.some(isEdited), audioBytes }
}

function putSummary(summary: Summary): void {
  summaries.value = inOrder([summary, ...summaries.value.filter(({ id }) => id !== summary.id)])
}

/** Newest first. */
function inOrder(list: readonly Summary[]): Summary[] {
  return list.toSorted((a, b) => b.createdAt - a.createdAt)
}

// Another tab may have changed them.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void readHistory()
})
