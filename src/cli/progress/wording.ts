/** The words of a line of progress, for a terminal of any width. */

import { basename } from 'node:path'
import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'
import type { LoadingProgress } from '../../engine/index.ts'
import { printable } from '../output.ts'
import type { CurrentFile, Pace } from './pace.ts'

const LEAST_BAR = 8
const LONGEST_BAR = 30
const LEAST_NAME = 12
/** A line as wide as the terminal wraps on some. */
const MARGIN = 3

/** `0:27`, `12:05`, `1:02:07`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts = [Math.floor(whole / 60) % 60, whole % 60]
  const hours = Math.floor(whole / 3600)
  const text = parts.map((part) => String(part).padStart(2, '0')).join(':')
  return hours > 0 ? `${hours}:${text}` : text.replace(/^0/, '')
}

export function speedText(timesRealTime: number): string {
  return `${timesRealTime.toFixed(timesRealTime < 10 ? 1 : 0)} × real time`
}

const STAGES = { download: 'downloading', compile: 'compiling the model', open: 'loading the model' } as const

export function loadingText({ stage, item, fraction }: LoadingProgress): string {
  const percent = fraction === undefined ? '' : ` ${Math.floor(100 * fraction)} %`
  return `${printable(`${STAGES[stage]} ${item}`.trimEnd())}${percent}`
}

/** One file's `2:09 of 5:00`. */
function fileFigures({ doneSeconds, totalSeconds }: CurrentFile): string {
  return totalSeconds === undefined ? clockText(doneSeconds) : `${clockText(doneSeconds)} of ${clockText(totalSeconds)}`
}

/** Figures beside a name, as far as they are known. */
export interface Figures extends Partial<Pick<Pace, 'timesRealTime' | 'remainingSeconds'>> {
  /** The file that is being worked on. */
  readonly current?: CurrentFile | undefined
}

export function figureTexts(figures: Figures): string[] {
  return figureChoices(figures)[0]!
}

/** The same, less and less of it: what says most stays longest. */
function figureChoices({ current, timesRealTime, remainingSeconds }: Figures): string[][] {
  const done = current && fileFigures(current)
  const speed = timesRealTime === undefined ? undefined : speedText(timesRealTime)
  const shortSpeed = speed?.replace(' × real time', '×')
  const left = remainingSeconds === undefined ? undefined : `${clockText(remainingSeconds)} left`
  const choices = [[done, speed, left], [done, shortSpeed, left], [shortSpeed, left], [left ?? done], []]
  return choices.map((texts) => texts.filter((text) => text !== undefined))
}

/** Name, bar and figures in less than `columns`, a margin less: the end of the name gives way first, then the bar, then figures. */
export function barLine(name: string, fraction: number | undefined, figures: Figures, columns: number): string {
  // As wide with one digit as with two, so that nothing moves.
  const percent = fraction === undefined ? [] : [`${Math.floor(100 * fraction)} %`.padStart(4)]
  const shown = printable(basename(name))
  const leastName = Math.min(stringWidth(shown), LEAST_NAME)
  const rights = figureChoices(figures).map((texts) => [...percent, ...texts].join('  '))
  const most = columns - MARGIN
  const roomBeside = (right: string) => most - stringWidth(right) - 2
  const right = rights.find((text) => roomBeside(text) >= leastName) ?? rights.at(-1)!
  const room = roomBeside(right)
  const barRoom = Math.min(LONGEST_BAR, room - leastName - 1)
  if (fraction === undefined || barRoom < LEAST_BAR) {
    return cliTruncate(`${cliTruncate(shown, room)}  ${right}`.trimEnd(), most)
  }
  const label = cliTruncate(shown, room - barRoom - 1)
  const filled = Math.round(fraction * barRoom)
  return `${label} ${'█'.repeat(filled)}${'░'.repeat(barRoom - filled)}  ${right}`
}

/** `3 of 50 files`. */
export function filesText({ nEnded, nFiles }: Pick<Pace, 'nEnded' | 'nFiles'>, unit = 'files'): string {
  return `${nEnded} of ${nFiles} ${unit}`
}
