/** Results as files: named after their recordings, whole or not at all, and none replaced unasked. */

import { access, constants, link, lstat, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { OutputExistsError, OutputUnwritableError } from '../../errors/index.ts'
import { makeFolder } from '../../folders.ts'
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

interface OutputFile {
  readonly format: Format
  readonly path: string
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
  async plan({ file, stem }: { readonly file: string; readonly stem: string }): Promise<readonly OutputFile[]> {
    const { folder, formats, ifExists } = this.#options
    const all = formats.map((format) => ({ format, path: join(folder, stem + ENDINGS[format]) }))
    for (const { path } of all) {
      const other = this.#taken.get(path)
      if (other !== undefined && other !== file) throw new OutputExistsError(basename(path), other)
      this.#taken.set(path, file)
    }
    const planned: OutputFile[] = []
    for (const output of all) {
      if (ifExists === 'overwrite' || !(await isThere(output.path))) planned.push(output)
      else if (ifExists === 'refuse') throw new OutputExistsError(basename(output.path))
    }
    const [first] = planned
    if (first) await makeWritable(first.path)
    return planned
  }

  /**
   * Writes all of them, or none.
   *
   * @throws {OutputExistsError} for one that has come meanwhile. {OutputUnwritableError}
   */
  async write(planned: readonly OutputFile[], result: FileSuccess): Promise<void> {
    const { subtitles, ifExists } = this.#options
    const unfinished: { readonly temporary: string; readonly path: string }[] = []
    try {
      for (const { format, path } of planned) {
        const temporary = join(dirname(path), `.paradox-${process.pid}-${nextNumber++}.partial`)
        unfinished.push({ temporary, path })
        await orUnwritable(
          path,
          writeFile(temporary, contentOf(result, format, subtitles), { flag: 'wx', flush: true }),
        )
      }
      for (const { temporary, path } of unfinished) {
        await orUnwritable(path, ifExists === 'overwrite' ? rename(temporary, path) : moveToNew(temporary, path))
      }
    } finally {
      for (const { temporary } of unfinished) await rm(temporary, { force: true })
    }
  }
}

let nextNumber = 1

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

async function makeWritable(path: string): Promise<void> {
  const folder = dirname(path)
  await orUnwritable(path, makeFolder(folder))
  await orUnwritable(path, access(folder, constants.W_OK | constants.X_OK))
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
