/** How the results of `transcribe` are printed. */

export interface FileSuccess {
  readonly file: string
  readonly model: string
  /** ISO 639-1 code of the language that was decoded. */
  readonly language: string
  /** Seconds, to the millisecond. */
  readonly duration: number
  readonly text: string
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

/** Where text goes. */
export interface Output {
  stdout(text: string): void
  stderr(text: string): void
}

export const FORMATS = ['text', 'json', 'jsonl'] as const
export type Format = (typeof FORMATS)[number]

/**
 * - `text`: the text and nothing else. Of several files, each under a line `==> file <==` as `head` and `tail` do it.
 *   A failure is one line on standard error.
 * - `json`: one object; of several files an array of such objects, printed at the end.
 * - `jsonl`: one object per line, each as soon as its file is done.
 *
 * @param nFiles  how many files were asked for: the form depends on it, not on how many succeed.
 */
export function createWriter(format: Format, nFiles: number, output: Output): ResultWriter {
  switch (format) {
    case 'text':
      return textWriter(nFiles, output)
    case 'json':
      return jsonWriter(nFiles, output)
    case 'jsonl':
      return { add: (result) => output.stdout(`${JSON.stringify(result)}\n`), end: () => {} }
  }
}

function textWriter(nFiles: number, output: Output): ResultWriter {
  let nPrinted = 0
  return {
    add: (result) => {
      if ('error' in result) return output.stderr(`paradox: ${result.file}: ${result.error}\n`)
      const heading = nFiles > 1 ? `${nPrinted > 0 ? '\n' : ''}==> ${result.file} <==\n` : ''
      output.stdout(`${heading}${result.text}\n`)
      nPrinted++
    },
    end: () => {},
  }
}

function jsonWriter(nFiles: number, output: Output): ResultWriter {
  const results: FileResult[] = []
  return {
    add: (result) => void results.push(result),
    end: () => output.stdout(`${JSON.stringify(nFiles === 1 ? results[0] : results, null, 2)}\n`),
  }
}
