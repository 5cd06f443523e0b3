/** Whether a file holds audio, found out by decoding its first frame. */

import { failureOf } from './failure.ts'
import { Ffmpeg, ffmpegArguments } from './ffmpeg.ts'
import { checkFile } from './file-check.ts'
import type { AudioOptions } from './options.ts'
import { PlainWav } from './plain-wav.ts'
import { BYTES_PER_SAMPLE } from './sample-rate.ts'

export interface AudioProbe {
  /** What the header claims, or ffmpeg's estimate; it may be wrong. undefined where neither exists. */
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
  await using ffmpeg = await Ffmpeg.start(ffmpegArguments(path, ['-frames:a', '1']), options)

  let nBytes = 0
  for await (const bytes of ffmpeg.output()) nBytes += bytes.length
  const exit = await ffmpeg.exit()
  if (exit.code !== 0 || nBytes === 0) throw failureOf(exit, Math.floor(nBytes / BYTES_PER_SAMPLE))
  return { durationSeconds: ffmpeg.announcedSeconds }
}
