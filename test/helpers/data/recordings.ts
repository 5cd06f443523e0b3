/** Recordings of real people for tests. */

import { join } from 'node:path'
import { skipped } from '../skip.ts'
import { readManifest, speechFolder } from './speech-folder.ts'

export interface Recording {
  readonly id: string
  /** Path of the file. */
  readonly path: string
  readonly language: string
  readonly durationSeconds: number
  /** What is said; '' without speech; undefined where no transcript was published. */
  readonly text: string | undefined
}

export interface Recordings {
  readonly recordings: readonly Recording[]
  /** For node:test's `skip`: why there are none. */
  readonly absent: string | undefined
}

/** In many languages and formats, where those that are shared between checkouts lie beside the project; else a few English ones. */
export function anyRecordings(): Recordings {
  const folder = speechFolder()
  if (folder) return recordingsOf(folder)
  return { recordings: [], absent: skipped('data', 'there are no recordings; run "make test", which fetches some') }
}

function recordingsOf(folder: string): Recordings {
  const recordings = readManifest(folder).map((row) => ({
    id: row.id,
    path: join(folder, row.file),
    language: row.lang,
    durationSeconds: row.dur,
    text: row.text ?? undefined,
  }))
  return { recordings, absent: undefined }
}
