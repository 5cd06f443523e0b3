/** Audio files for tests, made by ffmpeg itself or recorded by real people. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { skipped } from '../skip.ts'
import { readManifest, SHARED_SPEECH, speechFolder } from './speech-folder.ts'

/** A folder of its own for one test file, removed when `using` ends or by `remove`. */
export class TempFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'paradox-test-'))

  file(name: string): string {
    return join(this.path, name)
  }

  /**
   * Runs ffmpeg to make a file.
   *
   * @param args  everything between the program and the output's name, inputs included.
   * @returns the path of the new file.
   */
  make(name: string, args: readonly string[]): string {
    const path = this.file(name)
    execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args, `file:${path}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** ffmpeg's arguments for a tone, half of full scale. */
export function tone(seconds: number, sampleRate = 16_000): string[] {
  return ['-f', 'lavfi', '-i', `aevalsrc=0.5*sin(2*PI*440*t):d=${seconds}:s=${sampleRate}`]
}

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
