/** Results as files, each with a line on standard error that says where they are. */

import { basename } from 'node:path'
import { failureLine, type Output, printable } from '../output.ts'
import { clockText, speedText } from '../progress/wording.ts'
import type { Input } from './inputs.ts'
import type { OutputFiles } from './output-files.ts'
import type { FileFailure, FileSuccess } from './result-writers.ts'
import type { Results } from './run-files.ts'

export interface FiledResultsOptions {
  readonly files: OutputFiles
  readonly output: Pick<Output, 'stderr'>
  /** Makes room on the terminal. */
  readonly beforePrint: () => void
  /** The lines besides failures: all, those of finished but not of skipped recordings, or none. */
  readonly tells: 'all' | 'done' | 'failures'
}

export class FiledResults implements Results {
  readonly #options: FiledResultsOptions
  readonly #planned = new Map<Input, Awaited<ReturnType<OutputFiles['plan']>>>()

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
    await this.#options.files.write(planned, result)
    if (this.#options.tells === 'failures') return
    const { durationSeconds } = result.transcription
    const names = planned.map(({ path }) => printable(basename(path))).join(', ')
    const took = `${clockText(durationSeconds)} in ${clockText(seconds)}, ${speedText(durationSeconds / seconds)}`
    this.#say(`${printable(input.file)} → ${names}  (${took})\n`)
  }

  fail({ file }: Input, { error }: FileFailure): void {
    this.#say(failureLine(file, error))
  }

  #say(line: string): void {
    this.#options.beforePrint()
    this.#options.output.stderr(line)
  }
}
