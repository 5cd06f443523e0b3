/** A finished transcript whose place cannot be written: hours of work are not thrown away for that. */

import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { makeFolder } from '../../folders.ts'
import type { SubtitleOptions } from '../../transcript/index.ts'
import { type Output, printable } from '../output.ts'
import { type OutputFile, writeOutputs } from './output-files.ts'
import { contentOf, type FileSuccess } from './result-writers.ts'

export interface KeptElsewhereOptions {
  readonly tempDir: string
  readonly subtitles: SubtitleOptions
  readonly output: Output
}

/**
 * Writes the outputs into a new folder in `tempDir`, which no sweep deletes, else prints them; says where they are.
 *
 * @returns the line to be told.
 */
export async function keepElsewhere(
  outputs: readonly OutputFile[],
  result: FileSuccess,
  { tempDir, subtitles, output }: KeptElsewhereOptions,
): Promise<string> {
  const contents = outputs.map(({ format, path }) => ({
    name: basename(path),
    content: contentOf(result, format, subtitles),
  }))
  const folder = await writtenInto(tempDir, contents)
  if (folder !== undefined) return `${printable(result.file)}: its transcript is kept in ${printable(folder)}\n`
  for (const { name, content } of contents) {
    output.stdout(contents.length > 1 ? `==> ${printable(name)} <==\n${content}\n` : content)
  }
  return `${printable(result.file)}: its transcript is printed, since TEMP_DIR cannot be written either\n`
}

async function writtenInto(
  tempDir: string,
  contents: readonly { readonly name: string; readonly content: string }[],
): Promise<string | undefined> {
  let folder: string | undefined
  try {
    await makeFolder(tempDir)
    const made = await mkdtemp(join(tempDir, 'paradox-transcripts-'))
    folder = made
    await writeOutputs(contents.map(({ name, content }) => ({ path: join(made, name), content, replaces: false })))
    return made
  } catch {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => {})
    return undefined
  }
}
