/** Runs all systems side by side: each clip goes through every one of them before the next clip begins. */

import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Clip } from '../speech-set.ts'
import { type FormatSource, weightsAs } from './formats.ts'
import { PeakMemory, untilAtRest } from './process-watch.ts'
import type { PeerRun } from './results.ts'
import type { Row } from './rows.ts'
import { type Outcome, type RunningSystem, startOwn, startPeer } from './system.ts'

export interface Workplace {
  readonly python: string
  readonly formats: FormatSource
  readonly nativeWhisperCpp: string | undefined
  readonly threads: number
  /** Id under which our service knows the same weights. */
  readonly model: string
}

interface Competitor {
  readonly system: RunningSystem
  readonly memory: PeakMemory
  readonly startSeconds: number
  readonly loadSeconds: number
  readonly answers: (Outcome & { readonly id: string })[]
}

/** A row of the table, which has failed as soon as it has a reason. */
interface Entry {
  readonly name: string
  readonly row: Row
  competitor?: Competitor
  failure?: string
}

export interface Systems {
  /** Does what is done only once, so that no start is measured with it. */
  prepare(row: Row, clip: Clip): Promise<void>
  start(row: Row): Promise<RunningSystem>
}

/**
 * Starts every row, then gives all of them clip after clip. Only one works at a time, and who goes first changes from
 * clip to clip, so that whatever else the machine does hits all alike. A row that fails is told as such, and the others go
 * on without it.
 */
export async function measureRows(
  rows: Readonly<Record<string, Row>>,
  clips: readonly Clip[],
  systems: Systems,
): Promise<PeerRun[]> {
  const entries: Entry[] = Object.entries(rows).map(([name, row]) => ({ name, row }))
  try {
    const shortest = clips.reduce((a, b) => (b.seconds < a.seconds ? b : a))
    for (const entry of entries) {
      process.stderr.write(`starting ${entry.name} …\n`)
      await attempt(entry, async () => {
        entry.competitor = await startCompetitor(entry.row, shortest, systems)
      })
    }
    for (const [i, clip] of clips.entries()) {
      const first = i % entries.length
      for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
        const { competitor } = entry
        if (competitor) await attempt(entry, () => run(competitor, clip))
      }
      process.stderr.write(`${i + 1}/${clips.length} ${clip.id}: ${timesOf(entries)}\n`)
    }
    return entries.map(toRun)
  } finally {
    for (const { competitor } of entries) await competitor?.system[Symbol.asyncDispose]()
  }
}

/** What fails takes its row out of the comparison. */
async function attempt(entry: Entry, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    entry.failure = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${entry.name} failed and is left out: ${entry.failure}\n`)
    await entry.competitor?.system[Symbol.asyncDispose]()
    delete entry.competitor
    await setImmediate() // a signal, which may be what it failed of, is heard now and not after the next conversion
  }
}

async function startCompetitor(row: Row, clip: Clip, systems: Systems): Promise<Competitor> {
  await systems.prepare(row, clip)
  const from = performance.now()
  const system = await systems.start(row)
  try {
    const memory = new PeakMemory(system.pid)
    const { error } = await memory.during(system.transcribe(clip))
    if (error !== undefined) throw new Error(`cannot transcribe ${clip.id}: ${error}`)
    const startSeconds = (performance.now() - from) / 1000
    await memory.during(system.transcribe(clip))
    await untilAtRest(system.pid)
    return { system, memory, startSeconds, loadSeconds: await system.modelLoadSeconds(), answers: [] }
  } catch (error) {
    await system[Symbol.asyncDispose]()
    throw error
  }
}

async function run({ system, memory, answers }: Competitor, clip: Clip): Promise<void> {
  const outcome = await memory.during(system.transcribe(clip))
  answers.push({ id: clip.id, ...outcome })
  await untilAtRest(system.pid)
}

function timesOf(entries: readonly Entry[]): string {
  const timeOf = ({ competitor }: Entry) => competitor?.answers.at(-1)?.seconds.toFixed(2) ?? 'failed'
  return entries.map((entry) => `${entry.name} ${timeOf(entry)}`).join(', ')
}

function toRun({ name, row, competitor, failure = '' }: Entry): PeerRun {
  const settings = row.system === 'paradox' ? row.fields : { ...row.settings, format: row.format }
  const about = { row: name, beamSize: row.beamSize, settings }
  if (!competitor) return { ...about, system: row.system, failure }
  const { system, memory, startSeconds, loadSeconds, answers } = competitor
  return {
    ...about,
    system: [row.system, system.version].filter(Boolean).join(' '),
    startSeconds,
    loadSeconds,
    peakResidentMb: memory.bytes / 2 ** 20,
    answers,
  }
}

/** The systems of `ROWS`. */
export function systemsAt(place: Workplace): Systems {
  const { formats, threads, model } = place
  const start = async (row: Row) => {
    if (row.system === 'paradox') return await startOwn(row, threads, model)
    const weights = await weightsAs(row.format, formats)
    const compiledCache = join(formats.folder, `${row.format}-compiled`)
    return await startPeer(row, { ...place, model: weights, compiledCache })
  }
  return {
    start,
    async prepare(row, clip) {
      if (row.system !== 'paradox') await weightsAs(row.format, formats)
      if (row.system !== 'paradox' && row.system !== 'openvino') return
      await using unmeasured = await start(row) // these two compile, and keep what they have compiled
      await unmeasured.transcribe(clip)
    },
  }
}
