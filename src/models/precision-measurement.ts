/** Which format this machine multiplies fastest: measured once, kept in the compiled cache. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LinearFormat, writeFormatProbe } from '../graph/index.ts'
import { timeGraph } from '../runtime/index.ts'
import { keepNote, readNote } from './machine-notes.ts'

/** Raised when the measurement changes, so that what an older one found is not taken for it. */
const MEASUREMENT_VERSION = 1

/** Rows that a layer gets in one run: an encoder's positions of 12 s; a decoder's greedy step, and one of five beams. */
const ENCODER_ROWS = 600
const DECODER_ROWS = [1, 5] as const

const ROUNDS = 2

/** Milliseconds that one layer takes: of the encoder, and of the decoder (a greedy step and one of five beams). */
export interface FormatTimes {
  readonly encoder: number
  readonly decoder: number
}

export type MeasuredFormats = Readonly<Partial<Record<LinearFormat, FormatTimes>>>

export interface MeasurementOptions {
  readonly cacheDir: string
  /** Of `machine.ts`. */
  readonly machine: string
  /** D of the model. */
  readonly width: number
}

/**
 * The times of `formats` at this width: those that an earlier load has found, else measured now,
 * which takes some tenths of a second.
 */
export async function measuredFormats(
  formats: readonly LinearFormat[],
  { cacheDir, machine, width }: MeasurementOptions,
): Promise<{ readonly times: MeasuredFormats; readonly isNew: boolean }> {
  const key = `v${MEASUREMENT_VERSION} ${machine} width ${width}`
  const found = readNote(cacheDir, 'formats', key) as MeasuredFormats | undefined
  if (found && formats.every((format) => isTimes(found[format]))) return { times: found, isNew: false }

  const times = await measure(formats, width)
  try {
    // Two processes that measure at once lose one result, which costs measuring again.
    keepNote(cacheDir, 'formats', key, times)
  } catch {
    // A cache that may not be written, or a full disk: whoever compiles will say so.
  }
  return { times, isNew: true }
}

async function measure(formats: readonly LinearFormat[], width: number): Promise<MeasuredFormats> {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-asr-formats-'))
  try {
    const probes = formats.map((format) => ({ format, path: writeFormatProbe(folder, format, width) }))
    const times: Partial<Record<LinearFormat, FormatTimes>> = {}
    // In turn, so that what else the machine does for a moment does not meet one format alone.
    for (let round = 0; round < ROUNDS; round++) {
      for (const { format, path } of probes) {
        const [encoder, ...steps] = await timeGraph(path, [ENCODER_ROWS, ...DECODER_ROWS], width)
        const decoder = steps.reduce((sum, time) => sum + time, 0)
        const { encoder: before, decoder: stepsBefore } = times[format] ?? { encoder: encoder!, decoder }
        times[format] = { encoder: Math.min(before, encoder!), decoder: Math.min(stepsBefore, decoder) }
      }
    }
    return times
  } finally {
    globalThis.gc?.() // tens of megabytes that the load is about to need
    rmSync(folder, { recursive: true, force: true })
  }
}

function isTimes(value: unknown): value is FormatTimes {
  const { encoder, decoder } = (value ?? {}) as Partial<FormatTimes>
  return Number.isFinite(encoder) && Number.isFinite(decoder)
}
