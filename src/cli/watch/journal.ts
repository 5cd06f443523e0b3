/**
 * The watch's memory: which state of which recording each output is of. A file in the folder of the outputs, replaced as
 * a whole by a rename. It may be missing, broken or of another version, which costs no more than caution: see
 * `transcripts.ts`.
 */

import { lstat, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../../folders.ts'
import { unwritableReason } from '../system-errors.ts'
import { partialFile } from '../transcription/output-files.ts'
import { fileState } from './identity.ts'

export const JOURNAL_NAME = '.paradox-watch.json'

const versionSchema = z.object({
  /** `path` is relative to the folder of the outputs, so that both may move together. */
  recording: z.object({ path: z.string(), bytes: z.number(), mtimeMs: z.number(), ends: z.string() }),
  /** Hash of the output; left out for one that was there before and may be a person's. */
  output: z.string().optional(),
})
const entrySchema = z.object({
  done: versionSchema.optional(),
  /** Written down before the output is, so that after a crash it is known whose text is there. */
  next: versionSchema.optional(),
})
const journalSchema = z.object({ version: z.literal(1), outputs: z.record(z.string(), entrySchema) })

/** A state of a recording, and the output that was made of it. */
export type Version = z.infer<typeof versionSchema>
export type Entry = z.infer<typeof entrySchema>

export class Journal {
  readonly #folder: string
  readonly #path: string
  readonly #say: (sentence: string) => void
  #kept = new Map<string, Entry>()
  /** Of the file that `#kept` was read from. */
  #state: string | undefined
  readonly #unsaved = new Map<string, Entry>()
  #saving: Promise<void> = Promise.resolve()
  #isPruned = false
  #told: string | undefined

  /** @param say  told what cannot be read or kept. */
  constructor(folder: string, say: (sentence: string) => void) {
    this.#folder = folder
    this.#path = join(folder, JOURNAL_NAME)
    this.#say = say
  }

  /**
   * @param output  path in the folder of the outputs.
   * @throws {NodeJS.ErrnoException} where the file is there and cannot be read.
   */
  async get(output: string): Promise<Entry | undefined> {
    await this.#refresh()
    return this.#unsaved.get(output) ?? this.#kept.get(output)
  }

  /** Remembers without saving. */
  note(output: string, entry: Entry): void {
    this.#unsaved.set(output, entry)
  }

  /** Saves all that is not saved yet. Never fails: what cannot be saved now is saved with the next. */
  async save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#saveNow())
    await this.#saving
  }

  async #saveNow(): Promise<void> {
    if (this.#unsaved.size === 0) return
    const saved = new Map(this.#unsaved)
    const temporary = partialFile(this.#folder)
    try {
      await makeFolder(this.#folder)
      await this.#refresh() // another watch may write into the same folder
      await this.#prune()
      const outputs = new Map([...this.#kept, ...saved])
      const text = JSON.stringify({ version: 1, outputs: Object.fromEntries(outputs) } satisfies z.infer<
        typeof journalSchema
      >)
      await writeFile(temporary, text, { flag: 'wx', flush: true })
      await rename(temporary, this.#path)
      for (const [output, entry] of saved) if (this.#unsaved.get(output) === entry) this.#unsaved.delete(output)
      this.#kept = outputs
      this.#state = await fileState(this.#path)
      this.#told = undefined
    } catch (error) {
      const reason = unwritableReason(error)
      if (this.#told !== reason) this.#say(`'${JOURNAL_NAME}' could not be written (${reason}); it is tried again`)
      this.#told = reason
    } finally {
      await rm(temporary, { force: true }).catch(() => {}) // in a folder that is none
    }
  }

  /** Reads the file where it is another than before. */
  async #refresh(): Promise<void> {
    const state = await fileState(this.#path)
    if (state === this.#state) return
    this.#kept = state === undefined ? new Map() : this.#parse(await readFile(this.#path, 'utf8'))
    this.#state = state
  }

  #parse(text: string): Map<string, Entry> {
    try {
      return new Map(Object.entries(journalSchema.parse(JSON.parse(text)).outputs))
    } catch {
      this.#say(`'${JOURNAL_NAME}' is broken, or of another version of this program, and is begun anew`)
      return new Map()
    }
  }

  /** Forgets outputs that are not there any more, once, or the file would grow for ever. */
  async #prune(): Promise<void> {
    if (this.#isPruned) return
    this.#isPruned = true
    for (const output of this.#kept.keys()) {
      const code = await lstat(join(this.#folder, output)).then(
        () => undefined,
        ({ code }: NodeJS.ErrnoException) => code,
      )
      if (code === 'ENOENT') this.#kept.delete(output)
    }
  }
}
