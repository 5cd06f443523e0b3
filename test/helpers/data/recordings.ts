/** Recordings of real people for tests. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { skipped } from '../skip.ts'
import { readManifest, SHARED_SPEECH, speechFolder } from './speech-folder.ts'

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

/** Real recordings in many languages and formats, which lie beside the project; for tests that need certain ones. */
export function sharedRecordings(): Recordings {
  const isThere = existsSync(join(SHARED_SPEECH, 'manifest.json'))
  return isThere ? recordingsOf(SHARED_SPEECH) : none('the shared recordings (../shared/speech) are not here')
}

/** The same or, where they are absent, the English ones that a stranger can have; for tests that do with any. */
export function anyRecordings(): Recordings {
  const folder = speechFolder()
  return folder ? recordingsOf(folder) : none('there are no recordings; run "make test", which fetches some')
}

function none(why: string): Recordings {
  return { recordings: [], absent: skipped('data', why) }
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
