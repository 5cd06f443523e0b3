/**
 * What `make bench` has measured before, a line for each model and run in bench/history.jsonl, and how a new run
 * compares. Machines change their speed from hour to hour, so times are compared as multiples of a yardstick that is
 * measured in the same run: a float32 multiplication of the size of a layer, which no change of ours touches.
 */

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFormatProbe } from '../src/compiler/index.ts'
import { timeGraphs } from '../src/inference/index.ts'

const FILE = join(import.meta.dirname, 'history.jsonl')
const YARDSTICK = { width: 1280, rows: 600 }
const YARDSTICK_ROUNDS = 2
/** Larger differences are marked; smaller ones are the machine's. */
const NOTABLE = 1.15

const entrySchema = z.object({
  date: z.string(),
  commit: z.string(),
  processor: z.string(),
  cores: z.number(),
  precision: z.string(),
  yardstickMs: z.number(),
  model: z.string(),
  /** What was measured is never below zero; what comes out so is a difference of measurements, and wrong. */
  figures: z.record(z.string(), z.number().nonnegative()),
  /** What is to be known about it later. */
  note: z.string().optional(),
})
export type HistoryEntry = z.output<typeof entrySchema>

/** Processor milliseconds of the yardstick, now. */
export async function measureYardstick(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'paradox-yardstick-'))
  try {
    const path = writeFormatProbe(folder, 'float32', YARDSTICK.width)
    const { width, rows } = YARDSTICK
    const [rounds] = await timeGraphs([path], { width, rows: [rows], rounds: YARDSTICK_ROUNDS })
    return Math.min(...rounds!.flat().map(({ processor }) => processor))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function processor(): Pick<HistoryEntry, 'processor' | 'cores'> {
  return { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
}

/**
 * Keeps `entry`, and tells how its figures stand to the last ones of the same model on the same kind of processor.
 *
 * @param isTime  whether a figure is a time, which the yardstick applies to, or a size.
 * @throws {ZodError} for a figure below zero.
 */
export function keepAndCompare(entry: HistoryEntry, isTime: (figure: string) => boolean): string[] {
  entrySchema.parse(entry)
  const before = readHistory().findLast(
    ({ model, processor, cores, precision }) =>
      model === entry.model && processor === entry.processor && cores === entry.cores && precision === entry.precision,
  )
  appendFileSync(FILE, `${JSON.stringify(entry)}\n`)
  return before ? compare(before, entry, isTime) : []
}

/** A line for each figure: the ratio to before, and a word where it is notably worse. */
export function compare(
  before: Pick<HistoryEntry, 'commit' | 'yardstickMs' | 'figures'>,
  now: Pick<HistoryEntry, 'yardstickMs' | 'figures'>,
  isTime: (figure: string) => boolean,
): string[] {
  return Object.entries(now.figures).flatMap(([figure, value]) => {
    const old = before.figures[figure]
    if (old === undefined || old === 0) return []
    const machine = isTime(figure) ? now.yardstickMs / before.yardstickMs : 1
    const ratio = value / old / machine
    const word = ratio > NOTABLE ? '  ← worse' : ratio < 1 / NOTABLE ? '  better' : ''
    return [`${figure}: ${ratio.toFixed(2)} × that of ${before.commit}${word}`]
  })
}

/** @throws {ZodError} where a line is no entry. */
export function readHistory(): HistoryEntry[] {
  if (!existsSync(FILE)) return []
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => entrySchema.parse(JSON.parse(line)))
}
