/** One command's life: it works, is interrupted or fails, and that becomes the exit code. */

import { writeSync } from 'node:fs'
import { isAbort } from '../../errors/index.ts'
import { EXIT } from '../exit-codes.ts'
import { listenForInterruption } from '../interruption.ts'
import type { Output } from '../output.ts'

export const output: Output = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
}

/**
 * @param work  resolves to false when something in it failed.
 * @throws what `work` throws, but for the end by a signal.
 */
export async function run(work: (signal: AbortSignal) => Promise<boolean | undefined>): Promise<void> {
  const interruption = listenForInterruption()
  try {
    process.exitCode = (await work(interruption.signal)) === false ? EXIT.failure : EXIT.success
  } catch (error) {
    if (!isAbort(error)) throw error
  }
  if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode
}

/** For commands that go on until a signal ends them, so that this is no failure. */
export async function runUntilSignal(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const { signal } = listenForInterruption()
  try {
    await work(signal)
  } catch (error) {
    if (!isAbort(error)) throw error
  }
}

/** Prints a result that is there at once. */
export async function print(work: () => Promise<string> | string): Promise<void> {
  await run(async () => {
    output.stdout(await work())
    return true
  })
}

/** Writes help and version at once: no listener is there yet for a reader such as `head` that has gone. */
export function writeHelp(text: string): void {
  try {
    writeSync(process.stdout.fd, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}
