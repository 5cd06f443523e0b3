/** What a caller may say of the layout of subtitles. Free of the checks of it, since the page has this too. */

export const CUES = ['readable', 'segments'] as const

/** None of them: `readable` cues. */
export interface SubtitleOptions {
  /**
   * `readable`: cues of limited lines, time and speed, as docs/subtitles.md has them; width and count change its limits.
   * `segments`: each segment is a cue of one line.
   */
  readonly cues?: (typeof CUES)[number] | undefined
  /** Columns of a line; a longer word keeps a line to itself. Chinese, Japanese and Korean characters take two. */
  readonly maxLineWidth?: number | undefined
  /** Lines of a cue. Cues then no longer keep to segments: they fill up, and end at long pauses. */
  readonly maxLineCount?: number | undefined
  /** Words of a cue. */
  readonly maxWordsPerLine?: number | undefined
  /** One cue for each word, in which that word is underlined. */
  readonly highlightWords?: boolean | undefined
}

/** The given options, under the names that callers know. */
export function givenLayout(options: SubtitleOptions): (readonly [name: string, value: number | string | true])[] {
  const wishes = [
    ['cues', options.cues],
    ['max_line_width', options.maxLineWidth],
    ['max_line_count', options.maxLineCount],
    ['max_words_per_line', options.maxWordsPerLine],
    ['highlight_words', options.highlightWords || undefined],
  ] as const
  return wishes.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
}

/**
 * - `readable`: cut and broken by cost, as `readable-cues.ts` has it.
 * - `segments`: a cue for each segment.
 * - `limits`: filled as far as the given limits allow, as `cue-layout.ts` has it.
 */
export function layoutOf(options: SubtitleOptions): 'readable' | 'segments' | 'limits' {
  return options.cues ?? (givenLayout(options).length > 0 ? 'limits' : 'readable')
}
