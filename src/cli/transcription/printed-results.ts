/** Results on standard output, in the order of the files, however many are worked on at a time. */

import type { Input } from './inputs.ts'
import type { FileResult, ResultWriter } from './result-writers.ts'
import type { Results } from './run-files.ts'

export class PrintedResults implements Results {
  readonly #inputs: readonly Input[]
  readonly #writer: ResultWriter
  readonly #beforePrint: () => void
  readonly #waiting = new Map<Input, FileResult>()
  #nPrinted = 0

  /** @param beforePrint  makes room on the terminal. */
  constructor(inputs: readonly Input[], writer: ResultWriter, beforePrint: () => void) {
    this.#inputs = inputs
    this.#writer = writer
    this.#beforePrint = beforePrint
  }

  async wants(): Promise<boolean> {
    return true
  }

  async add(input: Input, result: FileResult): Promise<void> {
    this.#put(input, result)
  }

  fail(input: Input, result: FileResult): void {
    this.#put(input, result)
  }

  /** Prints what waits for a file that will not come any more, then the end. */
  end(): void {
    this.#beforePrint()
    for (const input of this.#inputs.slice(this.#nPrinted)) {
      const result = this.#waiting.get(input)
      if (result) this.#writer.add(result)
    }
    this.#writer.end()
  }

  #put(input: Input, result: FileResult): void {
    this.#waiting.set(input, result)
    for (;;) {
      const next = this.#inputs[this.#nPrinted]
      const ready = next && this.#waiting.get(next)
      if (!ready) return
      this.#waiting.delete(next)
      this.#nPrinted++
      this.#beforePrint()
      this.#writer.add(ready)
    }
  }
}
