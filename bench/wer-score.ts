/** What a run is worth: error rates by language and length, words invented over silence, loops. */

import {
  addErrors,
  charactersOf,
  countErrors,
  type ErrorCounts,
  errorRate,
  isScoredByCharacters,
  NO_ERRORS,
  normalizeWords,
} from '../src/scoring/index.ts'
import type { Clip, Group } from './speech-set.ts'
import { mostRepeats, spokenWords } from './spoken-words.ts'
import type { Answer } from './wer-results.ts'

/** A sequence of so many words … */
const LOOP_WORDS = 4
/** … that is said more often than this is a loop, unless the speaker does say it so often. */
const LOOP_REPEATS = 4

export interface ClipScore {
  readonly clip: Clip
  readonly answer: Answer
  readonly words: ErrorCounts
  readonly characters: ErrorCounts
  /** Of the units that the language is scored by; undefined where nothing is said or known. */
  readonly rate: number | undefined
  readonly nInvented: number
  readonly hasLoop: boolean
}

export interface RunScore {
  readonly clips: readonly ClipScore[]
  /** Over the languages that are scored by words. */
  readonly wer: number | undefined
  readonly werShort: number | undefined
  readonly werLong: number | undefined
  /** Over all languages. */
  readonly cer: number | undefined
  /** Error rate by language: of words, or of characters where the language is scored by them. */
  readonly byLanguage: ReadonlyMap<string, number>
  /** Words in clips without speech. */
  readonly nInvented: number
  readonly invented: readonly string[]
  readonly loops: readonly string[]
  readonly failures: readonly string[]
}

/** @param withContainers  counts re-encodings of other clips too, where the run has them. */
export function scoreRun(answers: readonly Answer[], clips: readonly Clip[], withContainers: boolean): RunScore {
  const byId = new Map(clips.map((clip) => [clip.id, clip]))
  const scores = answers.flatMap((answer) => {
    const clip = byId.get(answer.id)
    return clip && (withContainers || clip.group !== 'container') ? [scoreClip(clip, answer)] : []
  })
  const spoken = scores.filter(({ clip }) => isTranscribed(clip.group))
  const byWords = spoken.filter(({ clip }) => !isScoredByCharacters(clip.language))
  const idsOf = (chosen: readonly ClipScore[]) => chosen.map(({ clip }) => clip.id)

  return {
    clips: scores,
    wer: wordRate(byWords),
    werShort: wordRate(byWords.filter(({ clip }) => clip.group !== 'long')),
    werLong: wordRate(byWords.filter(({ clip }) => clip.group === 'long')),
    cer: errorRate(spoken.map(({ characters }) => characters).reduce(addErrors, NO_ERRORS)),
    byLanguage: ratesByLanguage(spoken),
    nInvented: scores.reduce((sum, { nInvented }) => sum + nInvented, 0),
    invented: idsOf(scores.filter(({ nInvented }) => nInvented > 0)),
    loops: idsOf(scores.filter(({ hasLoop }) => hasLoop)),
    failures: idsOf(scores.filter(({ answer }) => answer.error !== undefined)),
  }
}

function scoreClip(clip: Clip, answer: Answer): ClipScore {
  const reference = normalizeWords(clip.text, clip.language)
  const hypothesis = normalizeWords(answer.text, clip.language)
  const words = countErrors(reference, hypothesis)
  const characters = countErrors(charactersOf(reference), charactersOf(hypothesis))
  const said = spokenWords(hypothesis)
  return {
    clip,
    answer,
    words,
    characters,
    rate: isTranscribed(clip.group) ? errorRate(isScoredByCharacters(clip.language) ? characters : words) : undefined,
    nInvented: clip.group === 'silent' ? said.length : 0,
    hasLoop: mostRepeats(said, LOOP_WORDS) > Math.max(LOOP_REPEATS, mostRepeats(spokenWords(reference), LOOP_WORDS)),
  }
}

function ratesByLanguage(spoken: readonly ClipScore[]): ReadonlyMap<string, number> {
  const languages = Map.groupBy(spoken, ({ clip }) => clip.language)
  return new Map(
    [...languages].sort().map(([language, scores]) => {
      const counts = scores.map((score) => (isScoredByCharacters(language) ? score.characters : score.words))
      return [language, errorRate(counts.reduce(addErrors, NO_ERRORS))!] // such clips have a text
    }),
  )
}

function wordRate(scores: readonly ClipScore[]): number | undefined {
  return errorRate(scores.map(({ words }) => words).reduce(addErrors, NO_ERRORS))
}

function isTranscribed(group: Group): boolean {
  return group !== 'silent' && group !== 'untranscribed'
}
