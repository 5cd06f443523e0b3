/**
 * The outputs of a watched folder: which are to be written for a recording, and by what right one is replaced. What this
 * watch has written and nobody has changed follows its recording; everything else is a person's, and stays.
 */

import { createHash } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import type { Input } from '../transcription/inputs.ts'
import {
  makeWritable,
  type OutputFilesOptions,
  orUnwritable,
  outputsOf,
  type PlannedOutput,
  writeOutputs,
} from '../transcription/output-files.ts'
import { contentOf, type FileSuccess } from '../transcription/result-writers.ts'
import { fileState, type Identity, isSame } from './identity.ts'
import type { Entry, Journal, Version } from './journal.ts'

export interface TranscriptsOptions extends Omit<OutputFilesOptions, 'ifExists'> {
  readonly journal: Pick<Journal, 'get' | 'note' | 'save'>
  /** Writes files, all of them or none. */
  readonly write?: typeof writeOutputs
}

export interface Verdict {
  /** The outputs to be written; none for a recording that is done, or whose outputs may not be replaced. */
  readonly wanted: readonly PlannedOutput[]
  /** Why one may not be replaced; one sentence. */
  readonly refusal: string | undefined
}

/** A recording with a place in the folder. */
export type Recording = Pick<Input, 'file' | 'stem'> & { readonly path: string }

export class Transcripts {
  readonly #options: TranscriptsOptions

  constructor(options: TranscriptsOptions) {
    this.#options = options
  }

  /** @throws {OutputUnwritableError} where that cannot be found out; {NodeJS.ErrnoException} of the journal. */
  async judge({ path, stem }: Recording, identity: Identity): Promise<Verdict> {
    const { folder, journal } = this.#options
    const recording = { path: relative(folder, path), ...identity }
    const wanted: PlannedOutput[] = []
    let refusal: string | undefined
    for (const output of outputsOf(stem, this.#options)) {
      const key = relative(folder, output.path)
      const entry = await journal.get(key)
      const there = await orUnwritable(output.path, fileThere(output.path))
      const judgement = judge(entry, there, recording)
      if (judgement === 'missing') wanted.push({ ...output, replaces: false })
      else if (judgement === 'outdated') wanted.push({ ...output, replaces: true })
      else if (judgement === 'unknown') journal.note(key, { done: { recording } })
      else if (judgement === 'changed') refusal ??= changedSentence(basename(output.path))
      else if (judgement !== 'done') refusal ??= otherSentence(basename(output.path), judgement.of)
    }
    return { wanted, refusal }
  }

  /** To be asked before the work, which is not begun while there is no room for its result. @throws {OutputUnwritableError} */
  async checkWritable([first]: readonly PlannedOutput[]): Promise<void> {
    if (first) await makeWritable(first.path)
  }

  /** @throws {OutputExistsError} for one that has come meanwhile. {OutputUnwritableError} */
  async write(
    outputs: readonly PlannedOutput[],
    { path }: Recording,
    identity: Identity,
    result: FileSuccess,
  ): Promise<void> {
    const { folder, journal, subtitles, write = writeOutputs } = this.#options
    const recording = { path: relative(folder, path), ...identity }
    const contents = outputs.map((output) => ({ ...output, content: contentOf(result, output.format, subtitles) }))
    const finished = new Map<string, Entry>()
    for (const { path: outputPath, content } of contents) {
      const key = relative(folder, outputPath)
      const next: Version = { recording, output: hashOf(content) }
      const current = currentOf(await journal.get(key), (await orUnwritable(outputPath, fileThere(outputPath)))?.hash)
      journal.note(key, { ...(current && { done: current }), next })
      finished.set(key, { done: next })
    }
    await journal.save()
    await write(contents)
    for (const [key, entry] of finished) journal.note(key, entry)
    await journal.save()
  }

  /** Tells whether an output has changed, gone or come, by the directory alone. */
  async state({ stem }: Recording): Promise<string> {
    const states = outputsOf(stem, this.#options).map(({ path }) => orUnwritable(path, fileState(path)))
    return (await Promise.all(states)).join()
  }
}

interface FileThere {
  /** undefined for a folder, or a link that leads nowhere. */
  readonly hash: string | undefined
  readonly mtimeMs: number
}

/** The version whose output is there: the next one where the crash came after it was written. */
function currentOf(entry: Entry | undefined, hash: string | undefined): Version | undefined {
  return hash !== undefined && entry?.next?.output === hash ? entry.next : entry?.done
}

/** `unknown`: it was there before the journal, and may well be of this recording. */
type Judgement = 'missing' | 'outdated' | 'done' | 'unknown' | 'changed' | { readonly of: string }

function judge(entry: Entry | undefined, there: FileThere | undefined, recording: Version['recording']): Judgement {
  if (there === undefined) return 'missing'
  const current = currentOf(entry, there.hash)
  if (current === undefined) return recording.mtimeMs > there.mtimeMs ? 'changed' : 'unknown'
  if (isSame(current.recording, recording)) return 'done'
  if (current.recording.path !== recording.path) return { of: current.recording.path }
  return current.output !== undefined && current.output === there.hash ? 'outdated' : 'changed'
}

async function fileThere(path: string): Promise<FileThere | undefined> {
  try {
    const { mtimeMs } = await lstat(path)
    return { hash: await hashOfFile(path), mtimeMs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function hashOfFile(path: string): Promise<string | undefined> {
  try {
    return hashOf(await readFile(path))
  } catch (error) {
    if (['ENOENT', 'EISDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url')
}

function changedSentence(output: string): string {
  return `The recording is newer than '${output}', which is not as this watch wrote it: delete or rename it to have the recording transcribed again.`
}

function otherSentence(output: string, recording: string): string {
  return `The output '${output}' is that of '${recording}': rename this recording, or delete the output.`
}
