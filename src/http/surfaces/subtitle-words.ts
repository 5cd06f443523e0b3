/** Times of words for subtitles, which need them whether the caller asks for any or not. */

import { type SubtitleOptions, wantsWords } from '../../transcript/index.ts'
import { DEFAULTS, type RequestedOptions } from '../../whisper/options.ts'

/** The options, with word times where the file that is to be written wants them. */
export function withWordsFor(
  { format, subtitles }: { readonly format: string; readonly subtitles: SubtitleOptions },
  options: RequestedOptions,
): RequestedOptions {
  const areAligned = (options.timestamps ?? DEFAULTS.timestamps) === 'align'
  return wantsWords(format, subtitles, { areAligned }) ? { ...options, wordTimestamps: true } : options
}
