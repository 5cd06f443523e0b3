/** What another program says. */

import { execFile } from 'node:child_process'

const LONGEST_MS = 10_000

/** Standard output; undefined where the program is not there, fails, or does not end within 10 s. */
export async function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const options = { timeout: LONGEST_MS, killSignal: 'SIGKILL', maxBuffer: 1024 * 1024 } as const
    execFile(program, args, options, (error, stdout) => resolve(error ? undefined : stdout))
  })
}
