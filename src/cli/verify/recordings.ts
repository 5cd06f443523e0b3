/** The recordings that a model is verified on: the sample where this machine has it, and the caller's with their texts. */

import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { AsrError, InputAbsentError, isAbort, OptionInvalidError } from '../../errors/index.ts'
import { failureLine, type Output, sizeText } from '../output.ts'
import { unwritableReason } from '../system-errors.ts'
import { findInputs, type Input, isStandardInput, STDIN } from '../transcription/inputs.ts'
import { durationOf } from '../transcription/worker.ts'
import { sampleRecordings } from './sample.ts'

export interface VerifiedRecording {
  /** As tables and JSON call it. */
  readonly name: string
  readonly path: string
  /** Code or name; undefined: detected, or the model's own. */
  readonly language: string | undefined
  /** The words that are said; undefined where no text lies beside the recording. */
  readonly said: string | undefined
  readonly isSample: boolean
  /** By its header; undefined where it has none. */
  readonly durationSeconds: number | undefined
}

/** A day of speech has less than 2 MB. */
const MOST_TEXT_BYTES = 10_000_000

export interface FindOptions {
  readonly recursive: boolean
  /** Language of the caller's recordings. */
  readonly language: string | undefined
  /** Where the sample may lie. */
  readonly cacheDir: string
  readonly output: Output
  readonly signal: AbortSignal
}

/**
 * The sample, then the caller's recordings in the order of their names.
 *
 * @returns undefined when one of them is missing or cannot be read, which has been told then.
 * @throws {OptionInvalidError} for standard input. {InputAbsentError} where there is no recording at all.
 */
export async function findRecordings(
  names: readonly string[],
  { recursive, language, cacheDir, output, signal }: FindOptions,
): Promise<VerifiedRecording[] | undefined> {
  const inputs = await findInputs(names, { recursive })
  if (inputs.some(isStandardInput)) {
    throw new OptionInvalidError('file', STDIN, 'files, since each recording is transcribed several times')
  }
  const recordings: VerifiedRecording[] = []
  let isComplete = true
  // Transcribing takes minutes, after which it would be late to tell.
  const add = async (name: string, make: () => Promise<Omit<VerifiedRecording, 'name'>>) => {
    try {
      recordings.push({ name, ...(await make()) })
    } catch (error) {
      if (!(error instanceof AsrError) || isAbort(error)) throw error
      isComplete = false
      output.stderr(failureLine(name, error.sentence))
    }
  }
  const sample = sampleRecordings(cacheDir)
  if (sample.length + inputs.length === 0) {
    throw new InputAbsentError(
      'There is nothing to verify the model on: no recording is named, and the sample is not on this machine.',
      "Name recordings of speech in the model's language, or run 'make demo' once, which fetches the sample.",
    )
  }
  for (const [i, { path, said }] of sample.entries()) {
    await add(`sample ${i + 1}`, async () => {
      return { path, language: 'en', said, isSample: true, durationSeconds: await durationOf(path, signal) }
    })
  }
  for (const input of inputs) await add(input.file, () => ofCaller(input, language, signal))
  return isComplete ? recordings : undefined
}

async function ofCaller(
  { path, failure }: Input,
  language: string | undefined,
  signal: AbortSignal,
): Promise<Omit<VerifiedRecording, 'name'>> {
  if (failure !== undefined || path === undefined) throw failure
  const durationSeconds = await durationOf(path, signal)
  return { path, language, said: await textBeside(path), isSample: false, durationSeconds }
}

/** Contents of `clip.txt` for `clip.wav`. */
async function textBeside(path: string): Promise<string | undefined> {
  const ending = extname(path)
  const file = `${path.slice(0, path.length - ending.length)}.txt`
  const name = basename(file)
  try {
    const stats = await stat(file)
    if (!stats.isFile() || file === path) return undefined
    if (stats.size <= MOST_TEXT_BYTES) return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new InputAbsentError(
      `The text '${name}' beside it cannot be read (${unwritableReason(error)}).`,
      'Allow it to be read, or move it away.',
    )
  }
  throw new InputAbsentError(
    `The text '${name}' beside it is larger than ${sizeText(MOST_TEXT_BYTES)}.`,
    'Move it away if it is not what is said.',
  )
}
