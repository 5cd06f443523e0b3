/** Everything that this browser keeps, as one file; and back. Loaded when it is asked for. */

import { type ArchiveEntry, MAX_ARCHIVE_BYTES, packArchive, unpackArchive } from '../formats/archive.ts'
import { findRecording, findTranscript, mergeTranscript, summaries } from './history.ts'
import { jobs } from './queue.ts'
import { importCapture } from './recorder.ts'

/** Undefined where the recordings are too large for one file. */
export async function exportAll(): Promise<Blob | undefined> {
  const recorded = jobs.value.filter(({ isFromMicrophone }) => isFromMicrophone)
  const bytes = [...summaries.value.map(({ audioBytes }) => audioBytes), ...recorded.map(({ file }) => file.size)]
  if (bytes.reduce((sum, size) => sum + size, 0) > MAX_ARCHIVE_BYTES) return undefined
  return await packArchive(everything())
}

async function* everything(): AsyncGenerator<ArchiveEntry> {
  for (const { id, name } of summaries.value) {
    const transcript = await findTranscript(id)
    if (transcript !== undefined) yield { id, name, transcript, recording: await findRecording(id) }
  }
  for (const { id, name, file, isFromMicrophone } of jobs.value) {
    if (isFromMicrophone) yield { id, name, transcript: undefined, recording: file }
  }
}

/**
 * Adds what is in the file; what is here stays. Tells how many of its entries found room.
 *
 * @throws {ArchiveError} when the file is none of ours or damaged; nothing is changed then.
 */
export async function importAll(file: Blob): Promise<{ readonly done: number; readonly total: number }> {
  const entries = await unpackArchive(file)
  let done = 0
  for (const entry of entries) if (await importEntry(entry)) done++
  return { done, total: entries.length }
}

async function importEntry({ id, name, transcript, recording }: ArchiveEntry): Promise<boolean> {
  if (transcript !== undefined) return await mergeTranscript(transcript, recording)
  return recording === undefined || (await importCapture({ id, name }, recording))
}
