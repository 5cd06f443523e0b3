/** The printed form of `transcribe`'s results, and the contents of a file with one of them. */

import { FORMATS as FILE_FORMATS, type SubtitleOptions, type Transcription } from '../../transcript/index.ts'
import { failureLine, type Output, printable } from '../output.ts'

export interface FileSuccess {
  readonly file: string
  readonly model: string
  readonly transcription: Transcription
  /** Whether words were asked for; subtitles have used them anyway. */
  readonly hasWords: boolean
}

export interface FileFailure {
  readonly file: string
  readonly model: string
  /** One sentence: what was wrong, then what to do. */
  readonly error: string
}

export type FileResult = FileSuccess | FileFailure

/** Given each result as soon as it is there, in the order of the files, and told when there are no more. */
export interface ResultWriter {
  add(result: FileResult): void
  end(): void
}

/** Those that only one file can be written in come last. */
export const FORMATS = ['text', 'json', 'jsonl', 'srt', 'vtt', 'tsv', 'verbose_json'] as const
export type Format = (typeof FORMATS)[number]

/** False for the formats whose files, one after the other, would be no valid file. */
export function isForSeveralFiles(format: Format): boolean {
  return format === 'text' || format === 'json' || format === 'jsonl'
}

export interface WriterOptions {
  /** Number of files that were asked for: the form depends on it, not on how many succeed. */
  readonly nFiles: number
  readonly subtitles: SubtitleOptions
}

/**
 * - `text`: the text and nothing else. Of several files, each under a line `==> file <==` as `head` and `tail` do it.
 *   A failure is one line on standard error, and so is each warning of a transcription.
 * - `json`: one object; of several files an array of such objects, each printed as soon as its file is done.
 * - `jsonl`: one object per line, each as soon as its file is done.
 * - any other: the file as `src/transcript` writes it; failures and warnings as for `text`.
 */
export function createWriter(format: Format, { nFiles, subtitles }: WriterOptions, output: Output): ResultWriter {
  switch (format) {
    case 'text':
      return textWriter(nFiles, output)
    case 'json':
      return jsonWriter(nFiles, output)
    case 'jsonl':
      return { add: (result) => output.stdout(`${JSON.stringify(row(result))}\n`), end: () => {} }
    default:
      return fileWriter(format, subtitles, output)
  }
}

/** The record of a file in json and jsonl. */
function row(result: FileResult) {
  if ('error' in result) return result
  const { file, model, transcription } = result
  return {
    file,
    model,
    /** Code of the language that was decoded. */
    language: transcription.language,
    /** Seconds, to the millisecond. */
    duration: Math.round(transcription.durationSeconds * 1000) / 1000,
    text: transcription.text,
    ...(transcription.warnings.length > 0 && { warnings: transcription.warnings }),
  }
}

function textWriter(nFiles: number, output: Output): ResultWriter {
  let nPrinted = 0
  return {
    add: (result) => {
      if ('error' in result) return printFailure(result, output)
      const heading = nFiles > 1 ? `${nPrinted > 0 ? '\n' : ''}==> ${printable(result.file)} <==\n` : ''
      output.stdout(`${heading}${result.transcription.text}\n`)
      output.stderr(warningLines(result))
      nPrinted++
    },
    end: () => {},
  }
}

/** Written as it comes: what is killed at the last of a hundred files has printed ninety-nine. */
function jsonWriter(nFiles: number, output: Output): ResultWriter {
  if (nFiles === 1)
    return { add: (result) => output.stdout(`${JSON.stringify(row(result), null, 2)}\n`), end: () => {} }
  let nPrinted = 0
  return {
    add: (result) => {
      const item = JSON.stringify(row(result), null, 2).replaceAll('\n', '\n  ') // a text's own line ends are escaped
      output.stdout(`${nPrinted++ === 0 ? '[' : ','}\n  ${item}`)
    },
    end: () => output.stdout(nPrinted === 0 ? '[]\n' : '\n]\n'),
  }
}

function fileWriter(format: keyof typeof FILE_FORMATS, subtitles: SubtitleOptions, output: Output): ResultWriter {
  return {
    add: (result) => {
      if ('error' in result) return printFailure(result, output)
      output.stdout(contentOf(result, format, subtitles))
      output.stderr(warningLines(result))
    },
    end: () => {},
  }
}

/** Contents of a file in this format for one recording; ends with a line end, unless it is empty. */
export function contentOf(result: FileSuccess, format: Format, subtitles: SubtitleOptions): string {
  if (format === 'json') return `${JSON.stringify(row(result), null, 2)}\n`
  if (format === 'jsonl') return `${JSON.stringify(row(result))}\n`
  const { transcription, hasWords } = result
  const shown = format === 'verbose_json' && !hasWords ? withoutWords(transcription) : transcription
  const content = FILE_FORMATS[format].write(shown, subtitles)
  return content === '' || content.endsWith('\n') ? content : `${content}\n`
}

function withoutWords(transcription: Transcription): Transcription {
  return { ...transcription, segments: transcription.segments.map((segment) => ({ ...segment, words: undefined })) }
}

/** What the caller should know of a transcription, a line each, for outputs that have no room for it. */
export function warningLines({ file, transcription }: FileSuccess): string {
  return transcription.warnings.map((warning) => failureLine(file, warning)).join('')
}

function printFailure({ file, error }: FileFailure, output: Output): void {
  output.stderr(failureLine(file, error))
}
