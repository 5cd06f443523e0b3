/** What `paradox transcribe` was asked for: read from its flags and checked before anything is done. */

import { OptionInvalidError } from '../errors/index.ts'
import type { OptionInfo } from '../option-table.ts'
import { decodingOptionInfos, type GivenOptions, parseOptions } from '../transcribe/options.ts'
import {
  checkAnswerOptions,
  parseSubtitleOptions,
  type SubtitleOptions,
  subtitleOptionInfos,
} from '../transcript/index.ts'
import { givenOf } from './option-flags.ts'
import { type Format, isForSeveralFiles } from './result-writers.ts'

/** As commander gives them: by the flags' names in camelCase, and only those that were written. */
export interface TranscribeFlags extends Readonly<Record<string, unknown>> {
  readonly model?: string | undefined
  readonly language?: string | undefined
  readonly format: Format
}

export interface TranscribeOptions {
  /** A registered id, a hub repository or a folder; undefined stands for DEFAULT_MODEL_ID. */
  readonly model: string | undefined
  readonly language: string | undefined
  readonly format: Format
  readonly options: GivenOptions
  readonly subtitles: SubtitleOptions
}

/** The options that get their flags from tables, as the help groups them. */
export function optionGroups(): { readonly heading: string; readonly infos: readonly OptionInfo[] }[] {
  return [
    { heading: 'Decoding options:', infos: decodingOptionInfos() },
    { heading: 'Subtitle options, for srt and vtt with --word-timestamps:', infos: subtitleOptionInfos() },
  ]
}

/** @throws {OptionInvalidError} for a value outside its range, and for flags that contradict each other. */
export function readTranscribeFlags(flags: TranscribeFlags, nFiles: number): TranscribeOptions {
  const { model, language, format } = flags
  const options = givenOf(decodingOptionInfos(), flags)
  const subtitles = parseSubtitleOptions(givenOf(subtitleOptionInfos(), flags))
  const { wordTimestamps, logprobs } = parseOptions(options)
  checkAnswerOptions(format, { wordTimestamps, logprobs, subtitles })
  if (nFiles > 1 && !isForSeveralFiles(format)) {
    const allowed = 'it with one file at a time, since several together make no valid file, or text, json or jsonl'
    throw new OptionInvalidError('format', format, allowed)
  }
  return { model, language, format, options, subtitles }
}
