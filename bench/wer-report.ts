/** The tables of bench/wer.ts, and the part of bench/README.md that is made from them. */

import { isScoredByCharacters } from '../src/scoring/index.ts'
import { writeSection } from './readme-section.ts'
import type { Clip } from './speech-set.ts'
import type { WerRun } from './wer-results.ts'
import { type RunScore, scoreRun } from './wer-score.ts'

interface Row {
  readonly run: WerRun
  readonly score: RunScore
}

type Column = readonly [title: string, value: (row: Row) => string]

const OVERVIEW: readonly Column[] = [
  ['set', ({ run }) => nameOf(run)],
  ['WER', ({ score }) => percent(score.wer)],
  ['WER short', ({ score }) => percent(score.werShort)],
  ['WER long', ({ score }) => percent(score.werLong)],
  ['WER pt', ({ score }) => percent(score.byLanguage.get('pt'))],
  ['CER', ({ score }) => percent(score.cer)],
  ['invented words (clips)', ({ score }) => `${score.nInvented} (${score.invented.length})`],
  ['loops', ({ score }) => String(score.loops.length)],
  ['failures', ({ score }) => String(score.failures.length)],
]

const ORIGIN: readonly Column[] = [
  ['set', ({ run }) => nameOf(run)],
  ['system', ({ run }) => run.system],
  ['options', ({ run }) => optionsOf(run)],
  ['commit', ({ run }) => (run.system === 'paradox' ? run.commit : '')],
  ['date', ({ run }) => run.date],
  ['machine', ({ run }) => `${run.machine.cores} × ${run.machine.cpu}, Node ${run.machine.node}`],
  ['command', ({ run }) => `\`${commandOf(run)}\``],
]

/** Two tables in Markdown: one row per run, and error rates by language. */
export function resultTables(runs: readonly WerRun[], clips: readonly Clip[], withContainers: boolean): string {
  const rows = scoredRows(runs, clips, withContainers)
  const languages = [...new Set(rows.flatMap(({ score }) => [...score.byLanguage.keys()]))].sort()
  const byLanguage: Column[] = languages.map((language) => [
    isScoredByCharacters(language) ? `${language} (CER)` : language,
    ({ score }) => percent(score.byLanguage.get(language)),
  ])
  return `${table(OVERVIEW, rows)}\n\n${table([OVERVIEW[0]!, ...byLanguage], rows)}`
}

/** The clips with the highest error rates, with what was said and what was heard. */
export function worstClips(run: WerRun, clips: readonly Clip[], count: number): string {
  const { clips: scores } = scoreRun(run.answers, clips, true)
  const worst = scores.filter(({ rate }) => rate !== undefined).sort((a, b) => b.rate! - a.rate!)
  const lines = worst.slice(0, count).map(({ clip, answer, rate }) => {
    return `${clip.id}  ${percent(rate)} %\n  said:  ${clip.text}\n  heard: ${answer.error ?? answer.text}`
  })
  return lines.join('\n')
}

/** What was heard where nobody spoke, and where text went round in circles. */
export function oddities(run: WerRun, clips: readonly Clip[]): string {
  const score = scoreRun(run.answers, clips, true)
  const lines = score.clips.flatMap(({ clip, answer, nInvented, hasLoop }) => {
    const what = answer.error ? 'failed' : nInvented > 0 ? 'invented' : hasLoop ? 'loop' : undefined
    return what === undefined ? [] : [`${clip.id}  ${what}: ${(answer.error ?? answer.text).slice(0, 200)}`]
  })
  return lines.join('\n')
}

/** Puts the tables of every whole run between the markers of bench/README.md. */
export function writeReadme(runs: readonly WerRun[], clips: readonly Clip[]): void {
  const origin = table(ORIGIN, scoredRows(runs, clips, false))
  writeSection('wer', `${resultTables(runs, clips, false)}\n\n### Where the rows come from\n\n${origin}`)
}

function scoredRows(runs: readonly WerRun[], clips: readonly Clip[], withContainers: boolean): Row[] {
  return runs.map((run) => ({ run, score: scoreRun(run.answers, clips, withContainers) }))
}

function table(columns: readonly Column[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map(([, value]) => value(row)))),
  ].join('\n')
}

function nameOf(run: WerRun): string {
  const model = run.model === 'base' ? '' : `, ${run.model.replace(/.*\//, '')}`
  return `${run.set}${model}${run.isLanguageGiven ? '' : ', language detected'}`
}

function optionsOf(run: WerRun): string {
  const options = Object.entries(run.options).map(([name, value]) => `${name}=${value}`)
  return options.length === 0 ? 'defaults' : options.join(', ')
}

function commandOf(run: WerRun): string {
  const model = run.model === 'base' ? '' : ` --model ${run.model.replace(/.*\//, '')}`
  return `bench/wer.ts --set ${run.set}${model}${run.isLanguageGiven ? '' : ' --language auto'}`
}

function percent(rate: number | undefined): string {
  return rate === undefined ? '' : (rate * 100).toFixed(1)
}
