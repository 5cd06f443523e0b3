/** The flags of `transcribe` and `watch`: read and checked before anything is done. */

import { InvalidArgumentError, Option } from 'commander'
import { OptionInvalidError } from '../../errors/index.ts'
import { readLanguage } from '../../languages.ts'
import { integer, type OptionInfo, type OptionTable, parseGiven } from '../../option-table.ts'
import {
  checkAnswerOptions,
  checkSubtitleOptions,
  parseSubtitleOptions,
  type SubtitleOptions,
  subtitleOptionInfos,
  wantsWords,
} from '../../transcript/index.ts'
import { decodingOptionInfos, type RequestedOptions, readOptions, withDefaults } from '../../whisper/options.ts'
import { flagsOf, givenOf } from '../option-flags.ts'
import { FORMATS, type Format, isForSeveralFiles } from './result-writers.ts'

/** As commander gives them: by the flags' names in camelCase, and only those that were written. */
export interface TranscriptionFlags extends Readonly<Record<string, unknown>> {
  readonly model?: string | undefined
  readonly language?: string | undefined
  readonly format: readonly Format[]
  readonly outputDir?: string | undefined
  readonly overwrite?: boolean | undefined
  readonly jobs?: string | undefined
  readonly server?: string | undefined
  readonly apiKey?: string | undefined
}

export interface TranscribeFlags extends TranscriptionFlags {
  readonly recursive?: boolean | undefined
  readonly skipExisting?: boolean | undefined
  readonly quiet?: boolean | undefined
}

/** The options of every recording, for an engine and for a service alike. */
export interface TranscriptionWish {
  readonly language: string | undefined
  readonly formats: readonly Format[]
  readonly options: RequestedOptions
  readonly subtitles: SubtitleOptions
  /** Whether words were asked for; subtitles have the options ask for them anyway. */
  readonly hasWords: boolean
}

/** The options that get their flags from tables, as the help groups them. */
export function optionGroups(): { readonly heading: string; readonly infos: readonly OptionInfo[] }[] {
  return [
    { heading: 'Decoding options:', infos: decodingOptionInfos() },
    { heading: 'Subtitle options, for srt and vtt:', infos: subtitleOptionInfos() },
  ]
}

/** Every flag that belongs to the recordings rather than to the command. */
export function tableFlags(): Option[] {
  return optionGroups().flatMap(({ infos, heading }) => flagsOf(infos, heading))
}

export function formatFlag(meaning: string): Option {
  // The default is an array of its own: what is given first replaces it, what is given again is added.
  const initial: readonly Format[] = ['text']
  return new Option('--format <format>', meaning)
    .argParser((value: string, previous: readonly Format[]) => [
      ...new Set([...(previous === initial ? [] : previous), ...value.split(',').map(formatOf)]),
    ])
    .default(initial, 'text')
}

function formatOf(name: string): Format {
  const format = FORMATS.find((known) => known === name.trim())
  if (format === undefined) throw new InvalidArgumentError(`Allowed choices are ${FORMATS.join(', ')}.`)
  return format
}

const COUNTS = { jobs: [integer(1, 64), 'files at a time'] } as const satisfies OptionTable

export function readJobs({ jobs }: Pick<TranscriptionFlags, 'jobs'>): number {
  return parseGiven(COUNTS, { jobs }).jobs ?? 1
}

/**
 * @throws {OptionInvalidError} for a value outside its range, and for flags that contradict each other;
 *   {LanguageUnknownError} for what is no language.
 */
export function readWish(flags: TranscriptionFlags): TranscriptionWish {
  const { format: formats } = flags
  const language = readLanguage(flags.language)
  const options = readOptions(givenOf(decodingOptionInfos(), flags))
  const subtitles = parseSubtitleOptions(givenOf(subtitleOptionInfos(), flags))
  const { wordTimestamps, logprobs, timestamps } = withDefaults(options)
  const areAligned = timestamps === 'align'
  // With several formats it is enough that one has a place for the option.
  inSomeFormat(formats, (format) => checkAnswerOptions(format, { wordTimestamps, subtitles: {} }))
  inSomeFormat(formats, (format) => checkAnswerOptions(format, { wordTimestamps: false, logprobs, subtitles: {} }))
  inSomeFormat(formats, (format) => checkSubtitleOptions(subtitles, { format, hasWords: true }))
  const isSubtitled = formats.some((format) => wantsWords(format, subtitles, { areAligned }))
  return {
    language,
    formats,
    options: isSubtitled ? { ...options, wordTimestamps: true } : options,
    subtitles,
    hasWords: wordTimestamps,
  }
}

/** @throws what `check` throws of the first format, where it throws of all of them. */
function inSomeFormat(formats: readonly Format[], check: (format: Format) => void): void {
  const failures: unknown[] = []
  for (const format of formats) {
    try {
      check(format)
      return
    } catch (error) {
      failures.push(error)
    }
  }
  throw failures[0]
}

/** @throws {OptionInvalidError} for flags of `transcribe` that contradict each other. */
export function checkOutputFlags({ outputDir, format, overwrite, skipExisting }: TranscribeFlags): void {
  if (overwrite && skipExisting) throw new OptionInvalidError('--overwrite', 'true', 'either it or --skip-existing')
  if (outputDir !== undefined) return
  if (overwrite) throw new OptionInvalidError('--overwrite', 'true', 'it together with --output-dir')
  if (skipExisting) throw new OptionInvalidError('--skip-existing', 'true', 'it together with --output-dir')
  if (format.length > 1) {
    throw new OptionInvalidError('format', format.join(','), 'one format, or several together with --output-dir')
  }
}

/** @throws {OptionInvalidError} when the printed results of so many files would make no valid file. */
export function checkPrintedFormat({ outputDir, format }: TranscribeFlags, nFiles: number): void {
  const [printed] = format
  if (outputDir !== undefined || nFiles < 2 || printed === undefined || isForSeveralFiles(printed)) return
  const allowed =
    'it with one file at a time, since several together make no valid file, or with --output-dir, or text, json or jsonl'
  throw new OptionInvalidError('format', printed, allowed)
}
