/** What is said of a recording that is done. */

import { basename } from 'node:path'
import { printable } from '../output.ts'
import { clockText, speedText } from '../progress/wording.ts'
import type { OutputFile } from './output-files.ts'
import type { FileSuccess } from './result-writers.ts'

/** @param seconds  that it took. */
export function doneLine(
  { file, transcription: { durationSeconds } }: FileSuccess,
  outputs: readonly OutputFile[],
  seconds: number,
): string {
  const names = outputs.map(({ path }) => printable(basename(path))).join(', ')
  const took = `${clockText(durationSeconds)} in ${clockText(seconds)}, ${speedText(durationSeconds / seconds)}`
  return `${printable(file)} → ${names}  (${took})\n`
}
