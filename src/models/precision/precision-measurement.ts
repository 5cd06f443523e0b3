/** Which format this machine multiplies fastest, measured where that is not known. Loads the runtime. */

import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type LinearFormat, writeFormatProbe } from '../../compiler/index.ts'
import { timeGraph } from '../../inference/index.ts'
import { temporaryFolderSync } from '../../temporary-folders.ts'
import { type FormatTimes, keepTimes, keptTimes, type MeasuredFormats, type TimesKey } from './format-times.ts'

/** Rows that a layer gets in one run: an encoder's positions of 12 s; a decoder's greedy step, and one of five beams. */
const ENCODER_ROWS = 600
const DECODER_ROWS = [1, 5] as const

const ROUNDS = 2

/**
 * The times of `formats` at this width: those that an earlier load has found, else measured now,
 * which takes some tenths of a second.
 */
export async function measuredFormats(
  formats: readonly LinearFormat[],
  key: TimesKey,
): Promise<{ readonly times: MeasuredFormats; readonly isNew: boolean }> {
  const kept = keptTimes(formats, key)
  if (kept) return { times: kept, isNew: false }
  const times = await measure(formats, key.width)
  try {
    // Two processes that measure at once lose one result, which costs measuring again.
    keepTimes(key, times)
  } catch {
    // A cache that may not be written, or a full disk: the compilation will say so.
  }
  return { times, isNew: true }
}

async function measure(formats: readonly LinearFormat[], width: number): Promise<MeasuredFormats> {
  const folder = temporaryFolderSync(tmpdir(), 'formats')
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
