/** Whether a file holds audio, found out by decoding its first frame. */

import { stat } from 'node:fs/promises'
import { AudioEmptyError, AudioUnreadableError } from '../errors/index.ts'
import { failureOf } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import { PlainWav } from './plain-wav.ts'
import { BYTES_PER_SAMPLE } from './samples.ts'

export interface AudioProbe {
  /** The header's claim, or ffmpeg's estimate; it may be wrong. undefined where neither exists. */
  readonly durationSeconds: number | undefined
}

/**
 * A cheap look, one process start or none, before something costly is done for the file: a bad file must not make the service
 * unload one model and load another.
 *
 * @throws what `decodeAudio` throws, except that a recording is not refused here for its length: headers lie.
 */
export async function probeAudio(path: string, options: AudioOptions): Promise<AudioProbe> {
  options.signal?.throwIfAborted()
  await checkFile(path)
  await using wav = await PlainWav.open(path)
  if (wav) return { durationSeconds: wav.durationSeconds }
  await using ffmpeg = await Ffmpeg.start(path, options, ['-frames:a', '1'])

  const { durationSeconds } = await ffmpeg.description()
  let nBytes = 0
  for await (const blocks of ffmpeg.blocks()) for (const { bytes } of blocks) nBytes += bytes.length
  const exit = await ffmpeg.exit()
  if (exit.code !== 0 || nBytes === 0) throw failureOf(exit, Math.floor(nBytes / BYTES_PER_SAMPLE))
  return { durationSeconds }
}

/**
 * Refuses files that need no ffmpeg to be refused.
 *
 * @throws {AudioEmptyError} for a file of zero bytes.
 * @throws {AudioUnreadableError} when there is no such file, or it is a folder, a pipe or a device.
 */
export async function checkFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
    throw new AudioUnreadableError(isMissing ? 'there is no such file' : 'it cannot be opened', { cause })
  })
  if (!found.isFile()) throw new AudioUnreadableError('it is not a file')
  if (found.size === 0) throw new AudioEmptyError('is empty')
}
