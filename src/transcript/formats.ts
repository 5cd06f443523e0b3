/** The formats that a transcription can be written in, by the names that callers use. */

import type { SubtitleOptions } from './subtitle-options.ts'
import { writeSrt, writeTsv, writeVtt } from './subtitles.ts'
import type { Transcription } from './transcription.ts'
import { toVerboseJson } from './verbose-json.ts'

export interface Format {
  readonly contentType: string
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
    write: ({ text }) => JSON.stringify({ text }),
  },
  verbose_json: {
    contentType: 'application/json',
    write: (transcription) => JSON.stringify(toVerboseJson(transcription)),
  },
  text: {
    contentType: 'text/plain; charset=utf-8',
    write: ({ text }) => `${text}\n`,
  },
  srt: { contentType: 'application/x-subrip; charset=utf-8', write: writeSrt },
  vtt: { contentType: 'text/vtt; charset=utf-8', write: writeVtt },
  tsv: { contentType: 'text/tab-separated-values; charset=utf-8', write: writeTsv },
}
