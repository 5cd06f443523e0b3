/** How fast this machine multiplies in each format, measured where that is not known. Loads the runtime. */

import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type LinearFormat, writeFormatProbe } from '../../compiler/index.ts'
import { type RunTime, timeGraphs } from '../../inference/index.ts'
import { temporaryFolderSync } from '../../temporary-folders.ts'
import { type FormatMeasurement, isSettled, keepTimes, keptTimes, type TimesKey } from './format-times.ts'

/** Rows that a layer gets in one run: an encoder's positions of 12 s; a decoder's greedy step, and one of five beams. */
const ENCODER_ROWS = 600
const DECODER_ROWS = [1, 5] as const

/** Of a load, which waits for it, and of one that was asked for. */
const ROUNDS = 5
const THOROUGH_ROUNDS = 15

/** The clock runs ahead of the processor's time by so much where other work takes the core away. */
const TAKEN_AWAY = 1.25
/** A run in the middle takes so much longer than the fastest where other work shares caches and memory. */
const SLOWED_DOWN = 1.3

/**
 * The times of `formats` at this width: those that an earlier load has found on a quiet machine, else measured now,
 * which takes some tenths of a second.
 */
export async function measuredFormats(
  formats: readonly LinearFormat[],
  key: TimesKey,
): Promise<{ readonly measurement: FormatMeasurement; readonly isNew: boolean }> {
  const kept = keptTimes(formats, key)
  if (kept && isSettled(kept)) return { measurement: kept, isNew: false }
  return {
    measurement: await measureAndKeep(formats, key, { rounds: ROUNDS, nBusyBefore: kept?.nBusy ?? 0 }),
    isNew: true,
  }
}

/** Measures thoroughly, whatever is known, and keeps the result. */
export async function measureAgain(formats: readonly LinearFormat[], key: TimesKey): Promise<FormatMeasurement> {
  return await measureAndKeep(formats, key, { rounds: THOROUGH_ROUNDS, nBusyBefore: 0 })
}

async function measureAndKeep(
  formats: readonly LinearFormat[],
  key: TimesKey,
  { rounds, nBusyBefore }: { readonly rounds: number; readonly nBusyBefore: number },
): Promise<FormatMeasurement> {
  const runs = await measure(formats, key.width, rounds)
  const measurement = {
    times: Object.fromEntries(formats.map((format, i) => [format, timesOf(runs[i]!)])), // one for each format
    nBusy: wasBusy(runs) ? nBusyBefore + 1 : 0,
    measuredAt: new Date().toISOString(),
  }
  try {
    // Two processes that measure at once lose one result, which costs measuring again.
    keepTimes(key, measurement)
  } catch {
    // A cache that may not be written, or a full disk: the compilation will say so.
  }
  return measurement
}

async function measure(formats: readonly LinearFormat[], width: number, rounds: number): Promise<RunTime[][][]> {
  const folder = temporaryFolderSync(tmpdir(), 'formats')
  try {
    const probes = formats.map((format) => writeFormatProbe(folder, format, width))
    return await timeGraphs(probes, { width, rows: [ENCODER_ROWS, ...DECODER_ROWS], rounds })
  } finally {
    globalThis.gc?.() // tens of megabytes that the load is about to need
    rmSync(folder, { recursive: true, force: true })
  }
}

function timesOf(rounds: readonly (readonly RunTime[])[]): { encoder: number[]; decoder: number[] } {
  const processor = rounds.map((runs) => runs.map((run) => run.processor))
  return {
    encoder: processor.map(([encoder]) => encoder!),
    decoder: processor.map(([, ...steps]) => steps.reduce((sum, time) => sum + time, 0)),
  }
}

/**
 * Whether the machine did other work at the time. By the runs of the encoder's layer alone: those of a step are so short
 * that the clocks' own grain would show.
 *
 * @param runs  by format, by round, by number of rows.
 */
export function wasBusy(runs: readonly (readonly (readonly RunTime[])[])[]): boolean {
  const ofEncoder = runs.map((rounds) => rounds.map(([encoder]) => encoder!))
  const all = ofEncoder.flat()
  const nTakenAway = all.filter(({ processor, clock }) => clock > TAKEN_AWAY * processor).length
  const isSlowed = ofEncoder.some((rounds) => {
    const sorted = rounds.map(({ processor }) => processor).sort((a, b) => a - b)
    return sorted[sorted.length >> 1]! > SLOWED_DOWN * sorted[0]!
  })
  return nTakenAway > all.length / 3 || isSlowed
}
