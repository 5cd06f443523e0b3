/** The formats that a transcription can be written in, by the names that callers use. */

import { OptionInvalidError } from '../errors/index.ts'
import type { SubtitleOptions } from './subtitle-layout.ts'
import { checkSubtitleOptions } from './subtitle-options.ts'
import { writeSrt, writeTsv, writeVtt } from './subtitles.ts'
import type { Transcription } from './transcription.ts'
import { toVerboseJson } from './verbose-json.ts'

export interface Format {
  readonly contentType: string
  /** True where times of words have a place; subtitles break best with them. */
  readonly hasWords: boolean
  /**
   * The whole file. Only subtitles look at the options: `checkSubtitleOptions` tells a caller beforehand.
   *
   * @throws {OptionInvalidError} from subtitles, as `checkSubtitleOptions`.
   */
  write(transcription: Transcription, options?: SubtitleOptions): string
}

export type FormatName = 'json' | 'verbose_json' | 'text' | 'srt' | 'vtt' | 'tsv'

export const FORMATS: Readonly<Record<FormatName, Format>> = {
  json: {
    contentType: 'application/json',
    hasWords: false,
    write: ({ text }) => JSON.stringify({ text }),
  },
  verbose_json: {
    contentType: 'application/json',
    hasWords: true,
    write: (transcription) => JSON.stringify(toVerboseJson(transcription)),
  },
  text: {
    contentType: 'text/plain; charset=utf-8',
    hasWords: false,
    write: ({ text }) => `${text}\n`,
  },
  srt: { contentType: 'application/x-subrip; charset=utf-8', hasWords: true, write: writeSrt },
  vtt: { contentType: 'text/vtt; charset=utf-8', hasWords: true, write: writeVtt },
  tsv: { contentType: 'text/tab-separated-values; charset=utf-8', hasWords: false, write: writeTsv },
}

export const FORMAT_NAMES = Object.keys(FORMATS) as [FormatName, ...FormatName[]] // the record's keys, of which it has some

/**
 * A transcription as the contents of a file.
 *
 * @throws {OptionInvalidError} as `checkSubtitleOptions`.
 */
export function writeTranscription(
  transcription: Transcription,
  format: FormatName,
  options: SubtitleOptions = {},
): string {
  return FORMATS[format].write(transcription, options)
}

/**
 * Refuses wishes that the format has no place for, before anything is done for them.
 *
 * @param format  one of `FORMATS`, or a surface's own, which has no place for words.
 * @throws {OptionInvalidError} for word times, and as `checkSubtitleOptions`.
 */
export function checkAnswerOptions(
  format: string,
  {
    wordTimestamps,
    logprobs = false,
    subtitles,
  }: { readonly wordTimestamps: boolean; readonly logprobs?: boolean; readonly subtitles: SubtitleOptions },
): void {
  const hasWords = Object.entries(FORMATS).some(([name, known]) => name === format && known.hasWords)
  if (wordTimestamps && !hasWords) {
    const allowed = `false with the format ${format}, which has no place for words, or the format verbose_json`
    throw new OptionInvalidError('word_timestamps', 'true', allowed)
  }
  if (logprobs && format !== 'verbose_json') {
    throw new OptionInvalidError('logprobs', 'true', `false with the format ${format}, or the format verbose_json`)
  }
  checkSubtitleOptions(subtitles, { format, hasWords: wordTimestamps })
}
