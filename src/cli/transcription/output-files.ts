/** Results as files: named after their recordings, whole or not at all, and none replaced unasked. */

import { copyFile, link, lstat, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { OutputExistsError, OutputUnwritableError } from '../../errors/index.ts'
import { makeFolder } from '../../folders.ts'
import { ownIdentity } from '../../processes/process-identity.ts'
import type { SubtitleOptions } from '../../transcript/index.ts'
import { unwritableReason } from '../system-errors.ts'
import { contentOf, type FileSuccess, type Format } from './result-writers.ts'

const ENDINGS: Readonly<Record<Format, string>> = {
  text: '.txt',
  json: '.json',
  jsonl: '.jsonl',
  srt: '.srt',
  vtt: '.vtt',
  tsv: '.tsv',
  verbose_json: '.verbose.json',
}

/** Treatment of an output that is there already. */
export type IfExists = 'refuse' | 'skip' | 'overwrite'

export interface OutputFilesOptions {
  /** Made where it is not there. */
  readonly folder: string
  readonly formats: readonly Format[]
  readonly subtitles: SubtitleOptions
  readonly ifExists: IfExists
}

/** Where one format of a result goes. */
export interface OutputFile {
  readonly format: Format
  readonly path: string
}

/** One that is to be written. */
export interface PlannedOutput extends OutputFile {
  /** Whether it may take the place of a file that is there. */
  readonly replaces: boolean
}

export class OutputFiles {
  readonly #options: OutputFilesOptions
  /** Output → the recording that it is of. */
  readonly #taken = new Map<string, string>()

  constructor(options: OutputFilesOptions) {
    this.#options = options
  }

  /**
   * The outputs that are to be written for a recording; none where all are there and may be skipped. To be asked before
   * the work, which would be lost on an output that cannot be written.
   *
   * @param stem  of the outputs' paths in the folder.
   * @throws {OutputExistsError} for an output that is there, or that is another recording's too.
   * @throws {OutputUnwritableError} when the folder cannot be made or written.
   */
  async plan({ file, stem }: { readonly file: string; readonly stem: string }): Promise<readonly PlannedOutput[]> {
    const { ifExists } = this.#options
    const replaces = ifExists === 'overwrite'
    const all = outputsOf(stem, this.#options).map((output) => ({ ...output, replaces }))
    for (const { path } of all) {
      const other = this.#taken.get(path)
      if (other !== undefined && other !== file) throw new OutputExistsError(basename(path), other)
      this.#taken.set(path, file)
    }
    const planned: PlannedOutput[] = []
    for (const output of all) {
      if (replaces || !(await isThere(output.path))) planned.push(output)
      else if (ifExists === 'refuse') throw new OutputExistsError(basename(output.path))
    }
    const [first] = planned
    if (first) await makeWritable(first.path)
    return planned
  }

  /** As `writeOutputs`. */
  async write(planned: readonly PlannedOutput[], result: FileSuccess): Promise<void> {
    const { subtitles } = this.#options
    await writeOutputs(planned.map((output) => ({ ...output, content: contentOf(result, output.format, subtitles) })))
  }
}

/** @param stem  of the outputs' paths in the folder. */
export function outputsOf(
  stem: string,
  { folder, formats }: Pick<OutputFilesOptions, 'folder' | 'formats'>,
): readonly OutputFile[] {
  return formats.map((format) => ({ format, path: join(folder, stem + ENDINGS[format]) }))
}

export interface Content {
  readonly path: string
  readonly content: string
  readonly replaces: boolean
}

/**
 * Writes all of them, or none.
 *
 * @throws {OutputExistsError} for one that has come meanwhile. {OutputUnwritableError}
 */
export async function writeOutputs(contents: readonly Content[]): Promise<void> {
  const unfinished: (Pick<Content, 'path' | 'replaces'> & { readonly temporary: string })[] = []
  const undo: (() => Promise<void>)[] = []
  const saved: string[] = []
  try {
    for (const { path, content, replaces } of contents) {
      const temporary = partialFile(dirname(path))
      unfinished.push({ temporary, path, replaces })
      await orUnwritable(path, writeFile(temporary, content, { flag: 'wx', flush: true }))
    }
    for (const { temporary, path, replaces } of unfinished) {
      const former = replaces ? await orUnwritable(path, secondName(path)) : undefined
      if (former) saved.push(former)
      await orUnwritable(path, replaces ? rename(temporary, path) : moveToNew(temporary, path))
      undo.push(() => (former ? rename(former, path) : rm(path)))
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {}) // a disk that fails here too
    throw error
  } finally {
    for (const path of [...unfinished.map(({ temporary }) => temporary), ...saved]) {
      await rm(path, { force: true }).catch(() => {}) // what has failed is told already; a later sweep finds it
    }
  }
}

/** Keeps what a file holds while another takes its name; undefined where there is none. */
async function secondName(path: string): Promise<string | undefined> {
  if (!(await isThere(path))) return undefined
  const name = partialFile(dirname(path))
  await link(path, name).catch(() => copyFile(path, name)) // this file system has no links
  return name
}

let nextNumber = 1

const PARTIAL = /^\.paradox-\d+(?:-\d+){1,2}\.partial$/

/**
 * The name of a file that is being written, as no other process had it: in a container each life has the same pid. Its
 * owner gives it its own name, or deletes it, in the same second.
 */
export function partialFile(folder: string): string {
  return join(folder, `.paradox-${ownIdentity()}-${nextNumber++}.partial`)
}

/** Far more than the second that it takes to write a file, also on a slow disk and by another machine's clock. */
const LEFTOVER_MS = 3_600_000

/** Deletes what killed processes, of this machine or another that shares the folder, have left unfinished. */
async function sweepPartials(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!PARTIAL.test(name)) continue
    const path = join(folder, name)
    if (Date.now() - (await lstat(path)).mtimeMs > LEFTOVER_MS) await rm(path, { force: true })
  }
}

/** `rename` would replace a file that another program has put there meanwhile; a link does not. */
async function moveToNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new OutputExistsError(basename(path))
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(code ?? '')) throw error
    // This file system has no links.
    if (await isThere(path)) throw new OutputExistsError(basename(path))
    await rename(temporary, path)
  }
}

/** True also for a link that leads nowhere: it is another program's. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    throw unwritable(path, error)
  }
}

/** One block: a full disk has no room for it. */
const PROBE = Buffer.alloc(4096)
const swept = new Set<string>()

/**
 * Makes an output's folder, and finds out whether a file can be written there, also as far as the disk's room goes.
 *
 * @throws {OutputUnwritableError}
 */
export async function makeWritable(path: string): Promise<void> {
  const folder = dirname(path)
  await orUnwritable(path, makeFolder(folder))
  const probe = partialFile(folder)
  try {
    await orUnwritable(path, writeFile(probe, PROBE, { flag: 'wx', flush: true }))
  } finally {
    await rm(probe, { force: true }).catch(() => {}) // it was not made
  }
  if (swept.has(folder)) return
  swept.add(folder)
  await sweepPartials(folder).catch(() => {}) // another process sweeps too
}

/** @throws {OutputUnwritableError} in place of the system's errors. */
export async function orUnwritable<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof OutputExistsError ? error : unwritable(path, error)
  }
}

function unwritable(path: string, cause: unknown): OutputUnwritableError {
  return new OutputUnwritableError(basename(path), unwritableReason(cause), { cause })
}
