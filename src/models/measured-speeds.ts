/** How fast models were found to be on this machine, kept beside what was compiled from them. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolderSync } from '../folders.ts'
import { machineIdentity } from './machine.ts'

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
  const parsed = speedSchema.safeParse(read(fileOf(cacheDir))[keyOf(digest)])
  return parsed.success ? parsed.data : undefined
}

/** Of two processes that keep one at the same time, one is lost. @throws the file system's error. */
export function keepSpeed(cacheDir: string, digest: string, speed: MeasuredSpeed): void {
  const file = fileOf(cacheDir)
  const unfinished = `${file}.${process.pid}`
  makeFolderSync(join(cacheDir, 'compiled'))
  writeFileSync(unfinished, `${JSON.stringify({ ...read(file), [keyOf(digest)]: speed }, undefined, 2)}\n`)
  renameSync(unfinished, file)
}

function fileOf(cacheDir: string): string {
  return join(cacheDir, 'compiled', 'speeds.json')
}

function keyOf(digest: string): string {
  return `${machineIdentity()} ${digest}`
}

function read(file: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
