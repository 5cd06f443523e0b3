/** What a subtitle file does that its readers should not have to bear, counted anew from the file alone. */

import type { ReadCue } from './subtitle-readers.ts'

/** Two columns for what a wide font cell shows, by blocks of Unicode: not the code that is judged. */
export function width(text: string): number {
  let columns = 0
  for (const character of text.replace(/\p{Mn}/gu, '')) {
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
      character,
    )
      ? 2
      : 1
  }
  return columns
}

/** A sentence for each fault; none for a file as docs/subtitles.md promises it. */
export function faultsOf(cues: readonly ReadCue[], durationMs = Number.POSITIVE_INFINITY): string[] {
  return cues.flatMap(({ from, to, text }, i) => {
    const next = cues[i + 1]?.from
    const room = Math.min(next ?? durationMs, from + 7000)
    const lines = text.split('\n')
    const wanted = Math.min(room, from + Math.max(1000, width(text) * 50)) // 20 columns a second
    const gap = next === undefined ? 0 : next - to
    const faults = {
      'no text': text.trim() === '',
      'no time': to <= from,
      'over 7 s': to - from > 7000,
      overlap: next !== undefined && to > next,
      'beyond the end': to > Math.max(durationMs, from + 1),
      'over two lines': lines.length > 2,
      'over 42 columns': lines.some((line) => width(line) > 42 && /[\p{L}\p{N}] \S*[\p{L}\p{N}]/u.test(line)),
      'gone too soon': to < wanted,
      'a gap that flickers': gap > 0 && gap < 84 && to - from < 7000,
      'a mark begins a line': lines.some((line) =>
        /^(?:[、。，．！？」』）ーっッゃャゅュょョ,.;:!?)\-']|[»”](?:\s|$))/u.test(line),
      ),
    }
    return Object.entries(faults).flatMap(([fault, is]) =>
      is ? [`${fault}: ${from} to ${to}, ${JSON.stringify(text)}`] : [],
    )
  })
}
