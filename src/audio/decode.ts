/** A file of any format → samples. */

import { AudioTooLongError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { failureOf, sawDamage } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import { PlainWav } from './plain-wav.ts'
import { checkFile } from './probe.ts'
import { SampleReader } from './samples.ts'

/** The length of formats without a header is estimated from the first frames. */
const ESTIMATE_TOLERANCE = 1.1

/**
 * The first audio stream of a file, streamed: at most about a second lies in memory at a time, however slow the
 * consumer is. Of a damaged or truncated file it gives what can be decoded and logs a warning; see
 * docs/decisions/0002-truncated-audio.md. ffmpeg reads all but plain WAV files (docs/decisions/0012) and has ended when
 * the generator has, also when the consumer stops early.
 *
 * @returns chunks of [N] 16 kHz mono samples in [-1, 1], N > 0, owned by the caller; at least one chunk.
 * @throws {AudioEmptyError} when the file has no bytes, no audio stream or no sample.
 * @throws {AudioUnreadableError} when nothing, or less than a third, can be decoded, or there is no such file.
 * @throws {AudioTooLongError} when the header says so, else as soon as more than `maxSeconds` have come.
 * @throws {AudioTimeoutError} when ffmpeg gives nothing for `timeoutSeconds`, or is that much slower than the recording.
 * @throws {FfmpegMissingError} when ffmpeg is needed and cannot be started.
 * @throws the signal's reason after an abort.
 */
export async function* decodeAudio(path: string, options: AudioOptions): AsyncGenerator<Float32Array, void, undefined> {
  options.signal?.throwIfAborted()
  await checkFile(path)
  await using wav = await PlainWav.open(path)
  if (wav && wav.durationSeconds > options.maxSeconds) throw new AudioTooLongError(options.maxSeconds)
  if (wav) options.onLength?.(wav.durationSeconds)
  let nSamples = 0
  for await (const samples of wav ? wav.samples(options.signal) : decodeByFfmpeg(path, options)) {
    nSamples += samples.length
    if (nSamples > options.maxSeconds * SAMPLE_RATE) throw new AudioTooLongError(options.maxSeconds)
    yield samples
  }
}

async function* decodeByFfmpeg(path: string, options: AudioOptions): AsyncGenerator<Float32Array, void, undefined> {
  await using ffmpeg = await Ffmpeg.start(path, options)

  const reader = new SampleReader()
  let nSamples = 0
  let announced: number | undefined
  for await (const bytes of ffmpeg.output()) {
    if (announced === undefined && ffmpeg.announcedSeconds !== undefined) {
      announced = ffmpeg.announcedSeconds
      if (announced > options.maxSeconds * ESTIMATE_TOLERANCE) throw new AudioTooLongError(options.maxSeconds)
      options.onLength?.(announced)
    }
    const samples = reader.push(bytes) // [N]
    nSamples += samples.length
    if (samples.length > 0) yield samples
  }

  const exit = await ffmpeg.exit()
  if (exit.code !== 0 || nSamples === 0) throw failureOf(exit, nSamples)
  if (sawDamage(exit)) {
    const audioSeconds = nSamples / SAMPLE_RATE
    options.logger?.warn({ audioSeconds, ffmpeg: exit.stderr }, 'the audio is damaged; what can be read is used')
    options.onWarning?.('The recording is damaged or cut off; what can be read of it was used.')
  }
}
