/** Options of the layout of subtitles, and which of them contradict each other. */

import { OptionInvalidError } from '../errors/index.ts'
import {
  describeOptions,
  flag,
  integer,
  type OptionInfo,
  type OptionTable,
  oneOf,
  parseGiven,
} from '../option-table.ts'
import { CUES, givenLayout, layoutOf, type SubtitleOptions } from './subtitle-layout.ts'

/** Formats that have a layout; to the others these options mean nothing. */
const LAID_OUT_FORMATS: readonly string[] = ['srt', 'vtt']

/** More would be no limit on any screen. */
const MAX_LIMIT = 1000

export const SUBTITLE_OPTIONS = {
  cues: [
    oneOf(CUES),
    'cues that are easy to read, or one for each segment; left out: readable, unless another of these is given',
  ],
  max_line_width: [
    integer(1, MAX_LIMIT),
    'characters of a line, of which wide ones (Chinese, Japanese, Korean) count as two; a longer word has a line to itself',
  ],
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

/**
 * Whether a file of this format is better, or only possible, with the times of words. Those of alignment cost nothing
 * more; where there are none, readable cues share out the time of their segments.
 */
export function wantsWords(
  format: string,
  options: SubtitleOptions,
  { areAligned }: { readonly areAligned: boolean },
): boolean {
  const layout = layoutOf(options)
  if (!LAID_OUT_FORMATS.includes(format) || layout === 'segments') return false
  return areAligned || layout === 'limits' || options.highlightWords === true
}

/**
 * @param answer  the format that is to be written, and whether the transcription has (or will have) words.
 * @throws {OptionInvalidError} for a value outside its range, and for an option that would have no effect.
 */
export function checkSubtitleOptions(
  options: SubtitleOptions,
  answer: { readonly format: string; readonly hasWords: boolean },
): void {
  const { cues } = options
  for (const [name, value] of givenLayout(options)) {
    const refuse = (allowed: string) => {
      throw new OptionInvalidError(name, String(value), allowed)
    }
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= 1 && value <= MAX_LIMIT)) {
      refuse(`a whole number from 1 to ${MAX_LIMIT}`)
    }
    if (!LAID_OUT_FORMATS.includes(answer.format)) refuse(`it only with the formats ${LAID_OUT_FORMATS.join(' and ')}`)
    if (name === 'cues') {
      if (!CUES.some((known) => known === value)) refuse(`one of ${CUES.join(', ')}`)
      continue
    }
    if (cues === 'segments') refuse('either it or cues=segments')
    if ((cues === undefined || name === 'highlight_words') && !answer.hasWords)
      refuse('it together with word_timestamps')
    if (name === 'max_line_count' && options.maxLineWidth === undefined && cues === undefined) {
      refuse('it together with max_line_width')
    }
    if (name === 'max_words_per_line' && cues !== undefined) refuse('either max_words_per_line or cues')
    if (name === 'max_words_per_line' && options.maxLineCount !== undefined) {
      refuse('either max_words_per_line or max_line_count')
    }
  }
}
