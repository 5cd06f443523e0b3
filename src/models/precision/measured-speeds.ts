/** How fast models were found to be on this machine, kept beside what was compiled from them. */

import { z } from 'zod'
import { machineIdentity } from './machine.ts'
import { keepNote, readNote } from './machine-notes.ts'

const speedSchema = z.object({
  /** Seconds of recording per second of work; the median of a few runs. */
  timesRealTime: z.number().positive(),
  audioSeconds: z.number().positive(),
  /** Whether somebody speaks in the recording that was measured on; a generated sound has few words. */
  isSpeech: z.boolean(),
  threads: z.number(),
  /** ISO 8601. */
  measuredAt: z.string(),
})

export type MeasuredSpeed = z.infer<typeof speedSchema>

/** The last measurement of a model on a machine of this kind; undefined where there is none. */
export function measuredSpeed(cacheDir: string, digest: string): MeasuredSpeed | undefined {
  const parsed = speedSchema.safeParse(readNote(cacheDir, 'speeds', keyOf(digest)))
  return parsed.success ? parsed.data : undefined
}

/** Of two processes that keep one at the same time, one is lost. @throws the file system's error. */
export function keepSpeed(cacheDir: string, digest: string, speed: MeasuredSpeed): void {
  keepNote(cacheDir, 'speeds', keyOf(digest), speed)
}

function keyOf(digest: string): string {
  return `${machineIdentity()} ${digest}`
}
