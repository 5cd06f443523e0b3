/** What is kept of a comparison under bench/results: every answer of every system, and where it was measured. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { currentCommit } from '../wer-results.ts'

const runSchema = z.object({
  row: z.string(),
  /** With its version, where it is not ours. */
  system: z.string(),
  beamSize: z.number(),
  settings: z.record(z.string(), z.unknown()),
  /** From the start of its first process to its first answer, of the shortest clip. */
  startSeconds: z.number(),
  /** Of the model alone, as the system itself tells; ours is the first answer less the second. */
  loadSeconds: z.number(),
  peakResidentMb: z.number(),
  answers: z.array(z.object({ id: z.string(), text: z.string(), seconds: z.number(), error: z.string().optional() })),
})

const comparisonSchema = z.object({
  commit: z.string(),
  date: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  threads: z.number(),
  model: z.string(),
  /** False where clips or rows were left out. */
  isWhole: z.boolean(),
  runs: z.array(runSchema),
})

export type PeerRun = z.output<typeof runSchema>
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
