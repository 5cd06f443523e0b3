/** Whether a file holds audio, found out by decoding its first frame. */

import { stat } from 'node:fs/promises'
import { type AsrError, AudioEmptyError, AudioUnreadableError } from '../errors/index.ts'
import { failureOf } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import { PlainWav } from './plain-wav.ts'
import { MOST_TRIED } from './track-choice.ts'

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
  let failure: AsrError | undefined
  for (let track = 0; ; track++) {
    await using ffmpeg = await Ffmpeg.start(path, options, { track, outputArgs: ['-frames:a', '1'] })
    const { tracks, durationSeconds } = await ffmpeg.description()
    let nSamples = 0
    for await (const samples of ffmpeg.output()) nSamples += samples.length
    const exit = await ffmpeg.exit()
    if (exit.code === 0 && nSamples > 0) return { durationSeconds }
    failure ??= failureOf(exit, nSamples)
    // One track that cannot be read leaves the others.
    if (track + 1 >= Math.min(tracks.length, MOST_TRIED)) throw failure
  }
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
