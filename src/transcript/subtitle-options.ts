/** Options of the layout of subtitles, and which of them contradict each other. */

import { OptionInvalidError } from '../errors/index.ts'
import { describeOptions, flag, integer, type OptionInfo, type OptionTable, parseGiven } from '../option-table.ts'

/** All of them need word times. */
export interface SubtitleOptions {
  /** Characters of a line; a longer word keeps a line to itself. */
  readonly maxLineWidth?: number | undefined
  /** Lines of a cue. Cues then no longer keep to segments: they fill up, and end at long pauses. */
  readonly maxLineCount?: number | undefined
  /** Words of a cue. */
  readonly maxWordsPerLine?: number | undefined
  /** One cue for each word, in which that word is underlined. */
  readonly highlightWords?: boolean | undefined
}

/** Formats that have a layout; to the others these options mean nothing. */
const LAID_OUT_FORMATS: readonly string[] = ['srt', 'vtt']

/** More would be no limit on any screen. */
const MAX_LIMIT = 1000

export const SUBTITLE_OPTIONS = {
  max_line_width: [integer(1, MAX_LIMIT), 'characters of a line; a longer word has a line to itself'],
  max_line_count: [integer(1, MAX_LIMIT), 'lines of a cue, which is then filled up across segments'],
  max_words_per_line: [integer(1, MAX_LIMIT), 'words of a cue'],
  highlight_words: [flag, 'a cue for each word, in which that word is underlined'],
} as const satisfies OptionTable

export type SubtitleOptionName = keyof typeof SUBTITLE_OPTIONS

/** Every option as a person has to know it, for flags, forms and documents. */
export function subtitleOptionInfos(): OptionInfo[] {
  return describeOptions(SUBTITLE_OPTIONS, { highlightWords: false })
}

/**
 * Each option checked on its own; `checkSubtitleOptions` checks them together.
 *
 * @throws {OptionInvalidError} for a value outside its range.
 */
export function parseSubtitleOptions(given: Readonly<Partial<Record<SubtitleOptionName, unknown>>>): SubtitleOptions {
  return parseGiven(SUBTITLE_OPTIONS, given) as SubtitleOptions // each was parsed by its own check
}

/** True where anything but one cue for each segment is asked for. */
export function hasLayout(options: SubtitleOptions): boolean {
  return given(options).length > 0
}

/**
 * @param answer  the format that is to be written, and whether the transcription has (or will have) words.
 * @throws {OptionInvalidError} for a value outside its range, and for an option that would have no effect.
 */
export function checkSubtitleOptions(
  options: SubtitleOptions,
  answer: { readonly format: string; readonly hasWords: boolean },
): void {
  for (const [name, value] of given(options)) {
    const refuse = (allowed: string) => {
      throw new OptionInvalidError(name, String(value), allowed)
    }
    if (value !== true && !(Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT)) {
      refuse(`a whole number from 1 to ${MAX_LIMIT}`)
    }
    if (!LAID_OUT_FORMATS.includes(answer.format)) refuse(`it only with the formats ${LAID_OUT_FORMATS.join(' and ')}`)
    if (!answer.hasWords) refuse('it together with word_timestamps')
    if (name === 'max_line_count' && options.maxLineWidth === undefined) refuse('it together with max_line_width')
    if (name === 'max_words_per_line' && options.maxLineCount !== undefined) {
      refuse('either max_words_per_line or max_line_count')
    }
  }
}

/** The given options, under the names that callers know. */
function given(options: SubtitleOptions): (readonly [name: string, value: number | true])[] {
  const wishes = [
    ['max_line_width', options.maxLineWidth],
    ['max_line_count', options.maxLineCount],
    ['max_words_per_line', options.maxWordsPerLine],
    ['highlight_words', options.highlightWords || undefined],
  ] as const
  return wishes.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
}
