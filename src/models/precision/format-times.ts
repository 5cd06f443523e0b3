/** Times of multiplication on this machine by format, kept in the compiled cache. Loads no onnxruntime. */

import { z } from 'zod'
import type { LinearFormat } from '../../compiler/index.ts'
import { keepNote, readNote } from './machine-notes.ts'

/** Raised when the measurement changes, so that what an older one found is not taken for it. */
const MEASUREMENT_VERSION = 2

/** Loads that measure again because the machine was busy; where it always is, no load finds out more. */
const MOST_BUSY = 3

const timesSchema = z.object({ encoder: z.array(z.number().positive()), decoder: z.array(z.number().positive()) })
const measurementSchema = z.object({
  /** By format, processor milliseconds of one layer in each round: of the encoder, and of the decoder (a greedy step and one of five beams). */
  times: z.record(z.string(), timesSchema),
  /** Measurements on a busy machine, this one included, that followed one another; 0: it was quiet. */
  nBusy: z.int().nonnegative(),
  /** ISO 8601. */
  measuredAt: z.string(),
})

export type FormatTimes = z.infer<typeof timesSchema>
export type MeasuredFormats = Readonly<Partial<Record<LinearFormat, FormatTimes>>>
export interface FormatMeasurement extends z.infer<typeof measurementSchema> {
  readonly times: Record<string, FormatTimes> & MeasuredFormats
}

export interface TimesKey {
  readonly cacheDir: string
  /** Identity of `machine.ts`. */
  readonly machine: string
  /** D of the model. */
  readonly width: number
}

/** Measurement of an earlier load; undefined where there is none of all `formats`. */
export function keptTimes(formats: readonly LinearFormat[], key: TimesKey): FormatMeasurement | undefined {
  const { data } = measurementSchema.safeParse(readNote(key.cacheDir, 'formats', noteKey(key)))
  return data && formats.every((format) => format in data.times) ? data : undefined
}

/** @throws the file system's error. */
export function keepTimes(key: TimesKey, measurement: FormatMeasurement): void {
  keepNote(key.cacheDir, 'formats', noteKey(key), measurement)
}

/** False where the machine was busy when it was measured, so that the next load had better measure again. */
export function isSettled({ nBusy }: FormatMeasurement): boolean {
  return nBusy === 0 || nBusy >= MOST_BUSY
}

function noteKey({ machine, width }: TimesKey): string {
  return `v${MEASUREMENT_VERSION} ${machine} width ${width}`
}
