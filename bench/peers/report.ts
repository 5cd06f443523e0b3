/** The tables of bench/peers.ts. */

import { median } from '../median.ts'
import type { Clip } from '../speech-set.ts'
import { scoreRun } from '../wer-score.ts'
import type { Comparison, MeasuredRun, PeerRun } from './results.ts'
import { ownRowFor, ROWS } from './rows.ts'

/** Clips between the two are in neither: the peers pad them to one or two windows, which says little new. */
const GROUPS = {
  'up to 15 s': (clip: Clip) => clip.seconds <= 15,
  'over 60 s': (clip: Clip) => clip.seconds > 60,
} as const

/** Whether a clip belongs to one of the tables. */
export function isCompared(clip: Clip): boolean {
  return ['short', 'long'].includes(clip.group) && Object.values(GROUPS).some((holds) => holds(clip))
}

/** Markdown: where it was measured, then a table for each length of clips. */
export function comparisonTables(comparison: Comparison, clips: readonly Clip[]): string {
  const { machine, threads, model, commit, date, isWhole } = comparison
  const measured = new Set(comparison.runs.filter(isMeasured).flatMap(({ answers }) => answers.map(({ id }) => id)))
  const where = [
    `Model ${model}, ${machine.cores} × ${machine.cpu}, ${threads} threads`,
    `Node ${machine.node}, commit ${commit}, ${date}${isWhole ? '' : '; only a part of the clips or rows'}`,
  ]
  const tables = Object.entries(GROUPS).flatMap(([title, holds]) => {
    const chosen = clips.filter((clip) => measured.has(clip.id) && holds(clip))
    if (chosen.length === 0) return []
    const seconds = chosen.reduce((sum, clip) => sum + clip.seconds, 0)
    return [`${chosen.length} recordings ${title}, ${seconds.toFixed(0)} s:`, table(comparison, chosen)]
  })
  // A row that failed stands in every table, but where all have there is none.
  const failures = comparison.runs.map((run) => (isMeasured(run) ? '' : `${run.row} failed: ${oneLine(run.failure)}`))
  if (tables.length === 0) tables.push(failures.filter(Boolean).join('\n'))
  const systems = `Systems: ${[...new Set(comparison.runs.map(({ system }) => system))].join(', ')}.`
  return [`${where.join(', ')}.`, ...tables, systems].join('\n\n')
}

function isMeasured(run: PeerRun): run is MeasuredRun {
  return !('failure' in run)
}

function table({ runs }: Comparison, clips: readonly Clip[]): string {
  const titles = [
    'row',
    'seconds',
    's per clip',
    '× real time',
    'ours is faster, same beams: per clip',
    'in total',
    'our default, in total',
    'WER',
    'CER',
    'load s',
    'start to 1st answer s',
    'peak RSS MB',
  ]
  const audioSeconds = clips.reduce((sum, clip) => sum + clip.seconds, 0)
  const measured = runs.filter(isMeasured)
  const lines = runs.map((run) => {
    if (!isMeasured(run)) return [run.row, `failed: ${oneLine(run.failure)}`, ...titles.slice(2).map(() => '')]
    const seconds = secondsById(run, clips)
    const total = sum(seconds)
    const own = ROWS[run.row] ? ownRowFor(ROWS[run.row]!) : 'ours'
    const score = scoreRun(run.answers, clips, true)
    return [
      run.row,
      total.toFixed(1),
      median([...seconds.values()]).toFixed(2),
      (audioSeconds / total).toFixed(1),
      ...ratios(
        seconds,
        measured.find(({ row }) => row === own),
        clips,
      ),
      ratios(
        seconds,
        measured.find(({ row }) => row === 'ours'),
        clips,
      )[1],
      percent(score.wer),
      percent(score.cer),
      run.loadSeconds.toFixed(2),
      run.startSeconds.toFixed(2),
      run.peakResidentMb.toFixed(0),
    ]
  })
  return [titles, titles.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** How many times as long as our row this one took: the median over the clips, and of all seconds together. */
function ratios(seconds: ReadonlyMap<string, number>, own: MeasuredRun | undefined, clips: readonly Clip[]) {
  if (!own) return ['', ''] as const
  const ours = secondsById(own, clips)
  const pairs = Array.from(seconds, ([id, value]) => value / (ours.get(id) ?? Number.NaN))
  return [median(pairs).toFixed(2), (sum(seconds) / sum(ours)).toFixed(2)] as const
}

function secondsById({ answers }: MeasuredRun, clips: readonly Clip[]): ReadonlyMap<string, number> {
  const chosen = new Set(clips.map(({ id }) => id))
  return new Map(answers.filter(({ id }) => chosen.has(id)).map(({ id, seconds }) => [id, seconds]))
}

/** As a cell of a table takes it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '/').slice(0, 120)
}

function sum(seconds: ReadonlyMap<string, number>): number {
  return [...seconds.values()].reduce((total, value) => total + value, 0)
}

function percent(rate: number | undefined): string {
  return rate === undefined ? '' : (rate * 100).toFixed(1)
}
