/** How fast this machine multiplies in which format: measured once, kept in the compiled cache. Free of the runtime. */

import type { LinearFormat } from '../../compiler/index.ts'
import { keepNote, readNote } from './machine-notes.ts'

/** Raised when the measurement changes, so that what an older one found is not taken for it. */
const MEASUREMENT_VERSION = 1

/** Milliseconds that one layer takes: of the encoder, and of the decoder (a greedy step and one of five beams). */
export interface FormatTimes {
  readonly encoder: number
  readonly decoder: number
}

export type MeasuredFormats = Readonly<Partial<Record<LinearFormat, FormatTimes>>>

export interface TimesKey {
  readonly cacheDir: string
  /** Of `machine.ts`. */
  readonly machine: string
  /** D of the model. */
  readonly width: number
}

/** What an earlier load has found; undefined where it has not measured all of `formats`. */
export function keptTimes(formats: readonly LinearFormat[], key: TimesKey): MeasuredFormats | undefined {
  const found = (readNote(key.cacheDir, 'formats', noteKey(key)) ?? {}) as MeasuredFormats // checked below
  return formats.every((format) => isTimes(found[format])) ? found : undefined
}

/** @throws the file system's error. */
export function keepTimes(key: TimesKey, times: MeasuredFormats): void {
  keepNote(key.cacheDir, 'formats', noteKey(key), times)
}

function noteKey({ machine, width }: TimesKey): string {
  return `v${MEASUREMENT_VERSION} ${machine} width ${width}`
}

function isTimes(value: unknown): value is FormatTimes {
  const { encoder, decoder } = (value ?? {}) as Partial<FormatTimes>
  return Number.isFinite(encoder) && Number.isFinite(decoder)
}
