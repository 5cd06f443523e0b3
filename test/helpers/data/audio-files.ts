/** Audio files for tests, made by ffmpeg itself or recorded by real people. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { skipped } from '../skip.ts'

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

const SPEECH_FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'speech')

/** Real recordings in many formats, or the reason why there are none here. */
export function sharedRecordings(): { readonly recordings: readonly Recording[]; readonly absent: string | undefined } {
  const manifest = join(SPEECH_FOLDER, 'manifest.json')
  if (!existsSync(manifest))
    return { recordings: [], absent: skipped('data', 'the shared recordings (../shared/speech) are not here') }
  const rows = JSON.parse(readFileSync(manifest, 'utf8')) as {
    id: string
    file: string
    lang: string
    dur: number
    text: string | null
  }[] // the form is described in the README beside it
  const recordings = rows.map((row) => ({
    id: row.id,
    path: join(SPEECH_FOLDER, row.file),
    language: row.lang,
    durationSeconds: row.dur,
    text: row.text ?? undefined,
  }))
  return { recordings, absent: undefined }
}
