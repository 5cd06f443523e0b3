/** What is kept of a comparison under bench/results: every answer of every system, and where it was measured. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { currentCommit } from '../wer-results.ts'

const rowSchema = z.object({
  row: z.string(),
  /** With its version, where it is not ours. */
  system: z.string(),
  beamSize: z.number(),
  settings: z.record(z.string(), z.unknown()),
})
const measuredSchema = rowSchema.extend({
  /** From the start of its first process to its first answer, of the shortest clip. */
  startSeconds: z.number(),
  /** Of the model alone, as the system itself tells. */
  loadSeconds: z.number().nonnegative(),
  peakResidentMb: z.number(),
  answers: z.array(z.object({ id: z.string(), text: z.string(), seconds: z.number(), error: z.string().optional() })),
})

/** A row that was left out; `failure` goes on from "it": `ended by SIGILL`. */
const failedSchema = rowSchema.extend({ failure: z.string() })

const comparisonSchema = z.object({
  commit: z.string(),
  date: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  threads: z.number(),
  model: z.string(),
  /** False where clips or rows were left out. */
  isWhole: z.boolean(),
  runs: z.array(z.union([measuredSchema, failedSchema])),
})

export type MeasuredRun = z.output<typeof measuredSchema>
export type PeerRun = MeasuredRun | z.output<typeof failedSchema>
export type Comparison = z.output<typeof comparisonSchema>

const FILE = join(import.meta.dirname, '../results/peers.json')

/** Writes bench/results/peers.json, in place of the one before. */
export function keepComparison(measured: Omit<Comparison, 'commit' | 'date' | 'machine'>): Comparison {
  const comparison: Comparison = {
    commit: currentCommit(),
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
    ...measured,
  }
  mkdirSync(join(FILE, '..'), { recursive: true })
  writeFileSync(FILE, `${JSON.stringify(comparison, undefined, 1)}\n`)
  process.stderr.write('written: bench/results/peers.json\n')
  return comparison
}

/** @throws {Error} when nothing has been measured yet. */
export function readComparison(): Comparison {
  if (!existsSync(FILE)) throw new Error('bench/results/peers.json is missing: measure first')
  return comparisonSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')))
}
