/** The report of `paradox models verify`: tables and sentences for people, JSON for machines. */

import { addErrors, type ErrorCounts, errorRate, NO_ERRORS } from '../../scoring/index.ts'
import { processorFacts } from '../machine/facts.ts'
import { printable, sizeText } from '../output.ts'
import { table } from '../table.ts'
import { avgLogprobOf, type Comparison, errorsOf, type Heard, together } from './comparison.ts'
import { type Finding, isWithinLimits, type Verification } from './findings.ts'
import type { VerifiedRecording } from './recordings.ts'
import type { HeardRecording, VariantRun } from './run-variant.ts'

// ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Figures of one recording, or of all together, in one run. */
interface Figures {
  readonly audioSeconds: number
  readonly seconds: number
  /** undefined where no text is known. */
  readonly wordErrorRate: number | undefined
  readonly avgLogprob: number | undefined
}

function figuresOf(heard: ReadonlyMap<VerifiedRecording, HeardRecording>): Figures {
  const all = [...heard]
  const sum = (value: (heard: HeardRecording) => number) => all.reduce((total, [, one]) => total + value(one), 0)
  const errors = all.flatMap(([{ said }, one]): ErrorCounts[] =>
    said === undefined ? [] : [errorsOf(one, said, one.language)],
  )
  const words: Pick<Heard, 'nTokens' | 'sumLogprob'> = {
    nTokens: sum(({ nTokens }) => nTokens),
    sumLogprob: sum(({ sumLogprob }) => sumLogprob),
  }
  return {
    audioSeconds: sum(({ audioSeconds }) => audioSeconds),
    seconds: sum(({ seconds }) => seconds),
    wordErrorRate: errorRate(errors.reduce(addErrors, NO_ERRORS)),
    avgLogprob: avgLogprobOf(words),
  }
}

function figuresOfOne(recording: VerifiedRecording, { heard }: VariantRun): Figures | undefined {
  const found = heard.get(recording)
  return found && figuresOf(new Map([[recording, found]]))
}

// ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────────

const MOST_DIFFERENCES = 20

/** @param columns  of the terminal; undefined: a file or pipe. */
export function textReport(verification: Verification, columns?: number | undefined): string {
  const parts = [
    caption(verification),
    figuresTable(verification, columns),
    ...verification.findings.map(differencesText),
    verification.findings.map(verdict).join('') + notes(verification),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function caption({ entry, config, runs }: Verification): string {
  const { dtype, audioContext, threads } = config.engine
  const formats = runs[0]?.formats
  const parts = formats ? ` (encoder ${formats.encoder}, decoder ${formats.decoder})` : ''
  const { model, cores } = processorFacts()
  const n = threads ?? cores
  return (
    `${entry.id}, as set: DTYPE=${dtype}${parts}, AUDIO_CONTEXT=${audioContext}\n` +
    `${model}, ${n} ${n === 1 ? 'thread' : 'threads'}\n`
  )
}

const HEAD = ['RECORDING', 'RUN', 'DIFFER', 'WER', 'LOGPROB', 'SECONDS', 'RTF', 'MEMORY']

function figuresTable({ recordings, runs, findings }: Verification, columns: number | undefined): string {
  const shown = runs.filter((run) => run === runs[0] || findings.some(({ exact }) => exact === run))
  const rows: string[][] = []
  for (const recording of recordings) {
    for (const run of shown) {
      const figures = figuresOfOne(recording, run)
      if (figures === undefined) continue
      const comparison = comparedWith(run, findings)?.comparisons.get(recording)
      rows.push([run === runs[0] ? printable(recording.name) : '', ...cells(run, figures, comparison), ''])
    }
  }
  for (const run of shown) {
    const finding = comparedWith(run, findings)
    const comparison = finding && together([...finding.comparisons.values()])
    const memory = run.peakBytes === undefined ? '' : sizeText(run.peakBytes)
    rows.push([run === runs[0] ? 'all' : '', ...cells(run, figuresOf(run.heard), comparison), memory])
  }
  return table([HEAD, ...rows], columns)
}

function comparedWith(run: VariantRun, findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ exact }) => exact === run)
}

function cells(run: VariantRun, figures: Figures, comparison: Comparison | undefined): string[] {
  const { audioSeconds, seconds, wordErrorRate, avgLogprob } = figures
  return [
    run.variant.name,
    comparison ? `${comparison.nDiffering} of ${comparison.nWords}` : '',
    wordErrorRate === undefined ? '' : percentText(wordErrorRate),
    avgLogprob === undefined ? '' : avgLogprob.toFixed(3),
    seconds.toFixed(2),
    audioSeconds > 0 ? (seconds / audioSeconds).toFixed(3) : '',
  ]
}

function differencesText({ exact, comparisons }: Finding): string {
  if (exact === undefined) return ''
  const lines = [...comparisons].flatMap(([{ name }, { differences }]) =>
    differences.map(
      (difference) => `  ${printable(name)}: ${wordsText(difference.exact)} → ${wordsText(difference.approximate)}\n`,
    ),
  )
  if (lines.length === 0) return ''
  const more = lines.length - MOST_DIFFERENCES
  const rest = more > 0 ? `  … and ${more} more (--json has all)\n` : ''
  return `${exact.variant.name} → as set\n${lines.slice(0, MOST_DIFFERENCES).join('')}${rest}`
}

function wordsText(words: string): string {
  return words === '' ? '(nothing)' : printable(words)
}

function verdict({ aspect, exact, judged, reasons, setting }: Finding): string {
  const name = aspect === 'precision' ? 'Precision' : 'Audio context'
  if (exact === undefined) {
    const already = aspect === 'precision' ? 'float32' : 'full'
    return `${name}: ${already} already, so there is nothing to compare.\n`
  }
  if (judged.length === 0) return `${name}: not known.\n`
  if (reasons.length === 0) return `${name}: within the limits.\n`
  return `${name}: worse than ${exact.variant.name}: ${reasons.join('; ')}.\nSet ${setting}.\n`
}

/** Why less was judged than was heard. */
function notes({ entry, findings }: Verification): string {
  const compared = findings.filter(({ exact }) => exact !== undefined)
  const withoutSample = compared.filter(({ comparisons, judged }) =>
    [...comparisons.keys()].some((recording) => recording.isSample && !judged.includes(recording)),
  )
  const names = withoutSample.flatMap(({ exact }) => exact?.variant.name ?? []).join(' and with ')
  const sample =
    names === '' ? '' : `The sample is not judged: it is English, and with ${names} more than half of it is wrong.\n`
  const isLacking = compared.some(({ judged }) => judged.length === 0)
  return `${sample}${isLacking ? `Name recordings of speech in a language of ${entry.id}.\n` : ''}`
}

function percentText(rate: number): string {
  return `${(100 * rate).toFixed(1)} %`
}

// ── for machines ────────────────────────────────────────────────────────────────────────────────────────────────────

export function jsonReport(verification: Verification): string {
  const { entry, config, limits, runs, findings } = verification
  const report = {
    model: entry.id,
    dtype: config.engine.dtype,
    audioContext: config.engine.audioContext,
    device: config.engine.device,
    threads: config.engine.threads ?? processorFacts().cores,
    limits,
    isWithinLimits: isWithinLimits(verification),
    runs: runs.map(runJson),
    findings: findings.map(findingJson),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function runJson(run: VariantRun): object {
  const { variant, formats, loadSeconds, peakBytes, heard } = run
  return {
    ...variant,
    encoderFormat: formats?.encoder ?? null,
    decoderFormat: formats?.decoder ?? null,
    loadSeconds,
    peakResidentBytes: peakBytes ?? null,
    ...figuresJson(figuresOf(heard)),
    recordings: Array.from(heard, ([recording, { text, language }]) => ({
      file: recording.name,
      ...figuresJson(figuresOfOne(recording, run)!), // it is one of `heard`
      language,
      text,
    })),
  }
}

function figuresJson({ audioSeconds, seconds, wordErrorRate, avgLogprob }: Figures): object {
  return {
    audioSeconds,
    seconds,
    rtf: audioSeconds > 0 ? seconds / audioSeconds : null,
    wordErrorRate: wordErrorRate ?? null,
    avgLogprob: avgLogprob ?? null,
  }
}

function findingJson({ aspect, exact, comparisons, judged, reasons, setting }: Finding): object {
  return {
    aspect,
    exact: exact?.variant.name ?? null,
    isWithinLimits: exact === undefined || (judged.length > 0 && reasons.length === 0),
    reasons,
    set: setting ?? null,
    ...comparisonJson(together([...comparisons.values()])),
    recordings: Array.from(comparisons, ([recording, comparison]) => ({
      file: recording.name,
      isJudged: judged.includes(recording),
      ...comparisonJson(comparison),
      differences: comparison.differences,
    })),
  }
}

function comparisonJson({ nWords, nDiffering, errors, approximate, exact }: Comparison): object {
  const [logprob, exactLogprob] = [avgLogprobOf(approximate), avgLogprobOf(exact)]
  const [rate, exactRate] = errors ? [errorRate(errors.approximate), errorRate(errors.exact)] : []
  return {
    words: nWords,
    differing: nDiffering,
    wordErrorRateChange: changeOf(rate, exactRate),
    avgLogprobChange: changeOf(logprob, exactLogprob),
  }
}

function changeOf(approximate: number | undefined, exact: number | undefined): number | null {
  return approximate === undefined || exact === undefined ? null : approximate - exact
}
