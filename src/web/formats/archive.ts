/**
 * Everything that a browser keeps, as one zip: a folder for each transcript, with `entry.json` and the recording.
 * Loaded when it is asked for.
 */

import { strFromU8, strToU8, unzipSync, Zip, ZipDeflate, ZipPassThrough } from 'fflate'
import * as z from 'zod/mini'
import { QUALITIES, TASKS } from '../../transcript/transcription.ts'
import { recordingName } from '../text/file-name.ts'
import type { Transcript } from '../transcript/transcript.ts'

export interface ArchiveEntry {
  readonly id: string
  /** Of the recording's file. */
  readonly name: string
  /** Undefined for a recording that is not transcribed yet. */
  readonly transcript: Transcript | undefined
  /** Undefined where it is not kept. */
  readonly recording: Blob | undefined
}

/** A zip without extensions counts bytes in 32 bits; this leaves room for its directory. */
export const MAX_ARCHIVE_BYTES = 4_000_000_000

/** The file is no archive of this page, or is damaged. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

const FORMAT = 1
const ENTRY = 'entry.json'

export async function packArchive(entries: AsyncIterable<ArchiveEntry>): Promise<Blob> {
  const parts: Blob[] = [] // which the browser may put on the disk
  const zip = new Zip((error, bytes) => {
    if (error !== null) throw error
    parts.push(new Blob([bytes]))
  })
  for await (const { id, name, transcript, recording } of entries) {
    const path = `${id}/${recordingName(name)}`
    if (recording !== undefined) {
      const file = new ZipPassThrough(path) // sound is compressed already
      zip.add(file)
      for await (const chunk of recording.stream()) file.push(chunk)
      file.push(new Uint8Array(), true)
    }
    const about = {
      format: FORMAT,
      id,
      name,
      transcript,
      ...(recording && { recording: { path, type: recording.type } }),
    }
    const file = new ZipDeflate(`${id}/${ENTRY}`)
    zip.add(file)
    file.push(strToU8(JSON.stringify(about)), true)
  }
  zip.end()
  return new Blob(parts, { type: 'application/zip' })
}

/**
 * Reads an archive whole; its recordings are read when they are asked for.
 *
 * @throws {ArchiveError} before anything of it is given back.
 */
export async function unpackArchive(file: Blob): Promise<readonly ArchiveEntry[]> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  try {
    const abouts = Object.values(unzipSync(bytes, { filter: ({ name }) => name.endsWith(`/${ENTRY}`) }))
    if (abouts.length === 0) throw new ArchiveError('It holds no entries.')
    return abouts.map((about) => entryOf(bytes, JSON.parse(strFromU8(about))))
  } catch (cause) {
    throw cause instanceof ArchiveError ? cause : new ArchiveError('It cannot be read.', { cause })
  }
}

function entryOf(bytes: Uint8Array, given: unknown): ArchiveEntry {
  const { id, name, transcript, recording } = Entry.parse(given)
  const sound = recording && unzipSync(bytes, { filter: (entry) => entry.name === recording.path })[recording.path]
  if ((recording !== undefined && sound === undefined) || (transcript ?? sound) === undefined) {
    throw new ArchiveError(`The entry ${id} is not whole.`)
  }
  return {
    id,
    name,
    transcript: transcript && ({ ...transcript, id } as Transcript), // JSON leaves out what is undefined
    recording: sound && new Blob([sound], { type: recording?.type ?? '' }),
  }
}

z.config({ jitless: true }) // the page's policy allows no code that is made at run time

const Seconds = z.number().check(z.nonnegative())
const Probability = z.number().check(z.minimum(0), z.maximum(1))
const SpokenText = z.object({
  text: z.string(),
  words: z.array(z.object({ start: Seconds, end: Seconds, word: z.string(), probability: z.optional(Probability) })),
})
const Entry = z.object({
  format: z.literal(FORMAT),
  id: z.string().check(z.regex(/^[\w-]{1,64}$/)), // it stands in addresses
  name: z.string(),
  transcript: z.optional(
    z.object({
      name: z.string(),
      createdAt: z.number(),
      durationSeconds: Seconds,
      task: z.enum(TASKS),
      language: z.optional(z.string()),
      languageProbability: z.optional(Probability),
      model: z.optional(z.string()),
      processingSeconds: z.optional(Seconds),
      segments: z.array(
        z.extend(SpokenText, {
          id: z.number(),
          start: Seconds,
          end: Seconds,
          quality: z.enum(QUALITIES),
          original: z.optional(SpokenText),
        }),
      ),
      warnings: z.array(z.string()),
      isPartial: z.boolean(),
      isFromMicrophone: z.optional(z.boolean()),
    }),
  ),
  recording: z.optional(z.object({ path: z.string(), type: z.string() })),
})
