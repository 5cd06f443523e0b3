/** Changes to the text by hand. Words that stay keep their times; new ones share the time of those that they replace. */

import type { Segment, SpokenText, Transcript, Word } from './transcript.ts'

/** More words than in any segment that is spoken: beyond it the comparison would take too long. */
const MAX_COMPARED_WORDS = 1_000

/** The segment with another text; as the model wrote it, where the text is the same again. */
export function withText(segment: Segment, given: string): Segment {
  const text = given.replace(/\s+/g, ' ').trim()
  if (text === segment.text.trim()) return segment
  const original = segment.original ?? { text: segment.text, words: segment.words }
  if (text === original.text.trim()) return withOriginalText({ ...segment, original })
  return { ...segment, text, words: alignedWords(original, text, segment), original }
}

/** What the model wrote. */
export function withOriginalText(segment: Segment): Segment {
  const { original, ...others } = segment
  return original === undefined ? segment : { ...others, ...original }
}

/** The transcript with other segments in the place of those of the same id. */
export function withSegments(transcript: Transcript, changed: ReadonlyMap<number, Segment>): Transcript {
  if (changed.size === 0) return transcript
  return { ...transcript, segments: transcript.segments.map((segment) => changed.get(segment.id) ?? segment) }
}

/** The words of the new text, none where the original had none. */
function alignedWords({ words }: SpokenText, text: string, { start, end }: Segment): Word[] {
  const texts = text.split(' ').filter((word) => word !== '')
  const old = words.flatMap(partsOf)
  if (old.length === 0 || texts.length > MAX_COMPARED_WORDS) return []
  const kept = keptWords(old, texts)
  const aligned: Word[] = []
  for (let i = 0; i < texts.length; ) {
    const match = kept[i]
    if (match !== undefined) {
      aligned.push(old[match]!) // an index of `old`
      i++
      continue
    }
    let next = i
    while (next < texts.length && kept[next] === undefined) next++
    const from = aligned.at(-1)?.end ?? start
    const to = next < texts.length ? old[kept[next]!]!.start : end // `next` is one that is kept
    aligned.push(...spread(texts.slice(i, next), from, Math.max(from, to)))
    i = next
  }
  return aligned
}

/** A word with a blank inside, such as "R$ 3,50", as what stands around it. */
function partsOf(word: Word): Word[] {
  const texts = word.word.trim().split(/\s+/)
  if (texts.length === 1) return [word]
  return spread(texts, word.start, word.end).map((part) => ({ ...part, probability: word.probability }))
}

/** Words one after another over a stretch of time, longer ones longer. */
function spread(texts: readonly string[], start: number, end: number): Word[] {
  const total = texts.reduce((sum, word) => sum + word.length, 0)
  let at = start
  return texts.map((word) => {
    const from = at
    at += ((end - start) * word.length) / total
    return { word, start: toMillisecond(from), end: toMillisecond(at), probability: undefined }
  })
}

/**
 * For each new word the index of the old one that it is, by the longest common subsequence; undefined for new ones.
 * Only whole words count: "raposa" with another mark behind it is another word, and keeps no doubt about the old one.
 */
function keptWords(old: readonly Word[], texts: readonly string[]): (number | undefined)[] {
  const [rows, columns] = [old.length, texts.length]
  /** [i][j]: how many words the rests from i and from j have in common. */
  const common = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1))
  const isSame = (i: number, j: number) => old[i]!.word.trim() === texts[j]
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      common[i]![j] = isSame(i, j) ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!)
    }
  }
  const kept: (number | undefined)[] = Array(columns).fill(undefined)
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (isSame(i, j)) kept[j++] = i++
    else if (common[i + 1]![j]! >= common[i]![j + 1]!) i++
    else j++
  }
  return kept
}

function toMillisecond(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
