/** The merges of a byte-level BPE vocabulary: read, repaired, or found again from the vocabulary alone. */

import { CheckpointCorruptError } from '../errors/index.ts'

export type Merge = readonly [left: string, right: string]
/** Token → id. */
export type Vocabulary = Readonly<Record<string, number>>

/** Lines of merges.txt; its first one may be a `#version` comment. */
export function parseMerges(text: string): Merge[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')))
    .map(toMerge)
}

/** A merge as tokenizer.json has it: "a b" in older files, ["a", "b"] in newer ones. */
export function toMerge(merge: string | Merge): Merge {
  if (typeof merge !== 'string') return merge
  const space = merge.indexOf(' ')
  return [merge.slice(0, space), merge.slice(space + 1)]
}

/** GPT-2's vocabulary: the 256 bytes come first, then one token for each merge, in order. */
const FIRST_MERGED_ID = 256

/**
 * Puts the first merge back where a converter took it for the `#version` line and dropped it, as in the tokenizer.json
 * of the CTranslate2 base model: without it " t" is encoded as two tokens, and a prompt comes out wrong.
 */
export function withFirstMerge(merges: readonly Merge[], vocabulary: Vocabulary): readonly Merge[] {
  const [left, right, ...rest] = Object.keys(vocabulary).find((token) => vocabulary[token] === FIRST_MERGED_ID) ?? ''
  if (left === undefined || right === undefined || rest.length > 0 || merges.length === 0) return merges
  const isThere = merges.some(([a, b]) => a === left && b === right)
  return isThere ? merges : [[left, right], ...merges]
}

/** Characters that are looked at while tokens are taken apart; Whisper's vocabularies need three million. */
const MOST_STEPS = 30_000_000

/**
 * The merges of a vocabulary whose ids are in the order of merging, as all of Whisper's are: a token's own merge joins
 * the two pieces that the merges before it make of its characters.
 *
 * @param file  of the vocabulary, for the message.
 * @throws {CheckpointCorruptError} where tokens are so long that it would not end: the time grows with their square.
 * @see huggingface/transformers:src/transformers/convert_slow_tokenizer.py `TikTokenConverter` — the same idea.
 */
export function mergesOfVocabulary(vocabulary: Vocabulary, file: string): Merge[] {
  let nSteps = 0
  for (const token in vocabulary) nSteps += token.length ** 2
  if (nSteps > MOST_STEPS) throw new CheckpointCorruptError(file, 'its tokens are too long')

  const merges: Merge[] = []
  const ids = new Map(Object.entries(vocabulary).sort(([, a], [, b]) => a - b))
  for (const [token, id] of ids) {
    if (id < FIRST_MERGED_ID) continue
    const pieces = mergeBelow(id, [...token], ids)
    if (pieces.length === 2) merges.push([pieces[0]!, pieces[1]!])
  }
  return merges
}

/** Merges neighbours, lowest id first, as long as there are more than two pieces and the id is below the limit. */
function mergeBelow(limit: number, pieces: string[], ids: ReadonlyMap<string, number>): string[] {
  while (pieces.length > 2) {
    let best = -1
    let bestId = limit
    for (let i = 0; i + 1 < pieces.length; i++) {
      const id = ids.get(`${pieces[i]}${pieces[i + 1]}`)
      if (id !== undefined && id < bestId) [best, bestId] = [i, id]
    }
    if (best < 0) break
    pieces.splice(best, 2, `${pieces[best]}${pieces[best + 1]}`)
  }
  return pieces
}
