/** Audio files for tests, made by ffmpeg. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
