/** Results as files, each with a line on standard error that says where they are. */

import type { SubtitleOptions } from '../../transcript/index.ts'
import { failureLine, type Output, printable } from '../output.ts'
import type { Input } from './inputs.ts'
import { keepElsewhere } from './kept-elsewhere.ts'
import type { OutputFiles, PlannedOutput } from './output-files.ts'
import { type FileFailure, type FileSuccess, warningLines } from './result-writers.ts'
import type { Results } from './run-files.ts'
import { doneLine } from './wording.ts'

export interface FiledResultsOptions {
  readonly files: OutputFiles
  readonly output: Output
  readonly subtitles: SubtitleOptions
  /** Where a transcript goes whose own place cannot be written. */
  readonly tempDir: string
  /** Makes room on the terminal. */
  readonly beforePrint: () => void
  readonly tells: 'all' | 'failures'
}

export class FiledResults implements Results {
  readonly #options: FiledResultsOptions
  readonly #planned = new Map<Input, readonly PlannedOutput[]>()

  constructor(options: FiledResultsOptions) {
    this.#options = options
  }

  async wants(input: Input): Promise<boolean> {
    const planned = await this.#options.files.plan(input)
    this.#planned.set(input, planned)
    if (planned.length === 0 && this.#options.tells === 'all') {
      this.#say(`${printable(input.file)}: skipped, its outputs are there\n`)
    }
    return planned.length > 0
  }

  async add(input: Input, result: FileSuccess, seconds: number): Promise<void> {
    const planned = this.#planned.get(input) ?? []
    try {
      await this.#options.files.write(planned, result)
    } catch (error) {
      this.#say(await keepElsewhere(planned, result, this.#options))
      throw error
    }
    const warnings = warningLines(result)
    if (warnings !== '') this.#say(warnings)
    if (this.#options.tells === 'failures') return
    this.#say(doneLine(result, planned, seconds))
  }

  fail({ file }: Input, { error }: FileFailure): void {
    this.#say(failureLine(file, error))
  }

  #say(line: string): void {
    this.#options.beforePrint()
    this.#options.output.stderr(line)
  }
}
