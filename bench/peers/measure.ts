/** Runs all systems side by side: each clip goes through every one of them before the next clip begins. */

import { join } from 'node:path'
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
  readonly name: string
  readonly row: Row
  readonly system: RunningSystem
  readonly memory: PeakMemory
  readonly startSeconds: number
  readonly loadSeconds: number
  readonly answers: (Outcome & { readonly id: string })[]
}

/**
 * Starts every row, then gives all of them clip after clip. Only one works at a time, and who goes first changes from
 * clip to clip, so that whatever else the machine does hits all alike.
 */
export async function measureRows(
  rows: Readonly<Record<string, Row>>,
  clips: readonly Clip[],
  place: Workplace,
): Promise<PeerRun[]> {
  const competitors: Competitor[] = []
  try {
    const shortest = clips.reduce((a, b) => (b.seconds < a.seconds ? b : a))
    for (const [name, row] of Object.entries(rows)) {
      process.stderr.write(`starting ${name} …\n`)
      competitors.push(await startCompetitor(name, row, shortest, place))
    }
    for (const [i, clip] of clips.entries()) {
      const first = i % competitors.length
      for (const competitor of [...competitors.slice(first), ...competitors.slice(0, first)]) {
        await run(competitor, clip)
      }
      process.stderr.write(`${i + 1}/${clips.length} ${clip.id}: ${timesOf(competitors)}\n`)
    }
    return competitors.map(toRun)
  } finally {
    for (const { system } of competitors) await system[Symbol.asyncDispose]()
  }
}

async function startCompetitor(name: string, row: Row, clip: Clip, place: Workplace): Promise<Competitor> {
  // No start is measured with what is done only once: conversions, and what two of the systems compile and keep.
  if (row.system !== 'paradox') await weightsAs(row.format, place.formats)
  if (row.system === 'paradox' || row.system === 'openvino') {
    await using unmeasured = await start(row, place)
    await unmeasured.transcribe(clip)
  }
  const from = performance.now()
  const system = await start(row, place)
  try {
    const memory = new PeakMemory(system.pid)
    const { error } = await memory.during(system.transcribe(clip))
    if (error !== undefined) throw new Error(`${name} cannot transcribe ${clip.id}: ${error}`)
    const startSeconds = (performance.now() - from) / 1000
    const again = await memory.during(system.transcribe(clip))
    await untilAtRest(system.pid)
    const loadSeconds = system.modelLoadSeconds ?? startSeconds - again.seconds
    return { name, row, system, memory, startSeconds, loadSeconds, answers: [] }
  } catch (error) {
    await system[Symbol.asyncDispose]()
    throw error
  }
}

async function start(row: Row, place: Workplace): Promise<RunningSystem> {
  if (row.system === 'paradox') return startOwn(row, place.threads, place.model)
  const model = await weightsAs(row.format, place.formats)
  return startPeer(row, { ...place, model, compiledCache: join(place.formats.folder, `${row.format}-compiled`) })
}

async function run({ system, memory, answers }: Competitor, clip: Clip): Promise<void> {
  const outcome = await memory.during(system.transcribe(clip))
  answers.push({ id: clip.id, ...outcome })
  await untilAtRest(system.pid)
}

function timesOf(competitors: readonly Competitor[]): string {
  return competitors.map(({ name, answers }) => `${name} ${answers.at(-1)?.seconds.toFixed(2)}`).join(', ')
}

function toRun({ name, row, system, memory, startSeconds, loadSeconds, answers }: Competitor): PeerRun {
  const settings = row.system === 'paradox' ? row.fields : { ...row.settings, format: row.format }
  return {
    row: name,
    system: [row.system, system.version].filter(Boolean).join(' '),
    beamSize: row.beamSize,
    settings,
    startSeconds,
    loadSeconds,
    peakResidentMb: memory.bytes / 2 ** 20,
    answers,
  }
}
