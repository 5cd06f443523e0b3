/** A file of any format → samples. */

import { AudioTooLongError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { failureOf, sawDamage } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import { heard } from './heard.ts'
import { PlainWav } from './plain-wav.ts'
import { checkFile } from './probe.ts'
import { chooseTrack, heardBy } from './track-choice.ts'
import { trackMissing } from './tracks.ts'

/** The length of formats without a header is estimated from the first frames. */
const ESTIMATE_TOLERANCE = 1.1

/**
 * An audio track of a file, streamed: a few seconds lie in memory at a time, however slow the consumer is, and at most half
 * a minute at the beginning; docs/decisions/0033 has the choice of the track, the mix and the level. Of a damaged or
 * truncated file it gives what can be decoded and logs a warning; see docs/decisions/0002-truncated-audio.md. ffmpeg reads
 * all but plain WAV files (docs/decisions/0012) and has ended when the generator has, also when the consumer stops early.
 *
 * @returns chunks of [N] 16 kHz mono samples in [-1, 1], N > 0, owned by the caller; at least one chunk.
 * @throws {AudioEmptyError} when the file has no bytes, no audio stream or no sample.
 * @throws {AudioUnreadableError} when nothing, or less than a third, can be decoded, or there is no such file.
 * @throws {OptionInvalidError} for a track or a channel that the file does not have.
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
  for await (const samples of wav ? heardOfPlain(wav, options) : decodeByFfmpeg(path, options)) {
    nSamples += samples.length
    if (nSamples > options.maxSeconds * SAMPLE_RATE) throw new AudioTooLongError(options.maxSeconds)
    yield samples
  }
}

function heardOfPlain(wav: PlainWav, options: AudioOptions): AsyncIterable<Float32Array> {
  if ((options.track ?? 1) > 1) throw trackMissing(options.track!, 1)
  options.onTrack?.({ track: 1, nChannels: wav.layout.nChannels })
  return heard(wav.samples(options.signal), wav.layout, options)
}

async function* decodeByFfmpeg(path: string, options: AudioOptions): AsyncGenerator<Float32Array, void, undefined> {
  await using first = await Ffmpeg.start(path, options)
  const tracks = await first.tracks()
  // Nearly all files have one, and its samples are on their way.
  if (tracks.length > 1) await first[Symbol.asyncDispose]()
  else if (tracks.length === 1 && (options.track ?? 1) > 1) throw trackMissing(options.track!, 1)
  const track = tracks.length > 1 ? (await chooseTrack(path, tracks, options)).index : 0
  await using chosen = tracks.length > 1 ? await Ffmpeg.start(path, options, { track }) : undefined
  const ffmpeg = chosen ?? first

  let nSamples = 0
  let announced: number | undefined
  const { channel, isOneOfAll, onTrack } = options
  const told = (nChannels: number) => onTrack?.({ track: track + 1, nChannels })
  for await (const samples of heardBy(ffmpeg, { channel, isOneOfAll, onTrack: told })) {
    if (announced === undefined && ffmpeg.announcedSeconds !== undefined) {
      announced = ffmpeg.announcedSeconds
      if (announced > options.maxSeconds * ESTIMATE_TOLERANCE) throw new AudioTooLongError(options.maxSeconds)
      options.onLength?.(announced)
    }
    nSamples += samples.length
    yield samples
  }

  const exit = await ffmpeg.exit()
  if (exit.code !== 0 || nSamples === 0) throw failureOf(exit, nSamples)
  if (sawDamage(exit)) {
    const audioSeconds = nSamples / SAMPLE_RATE
    options.logger?.warn({ audioSeconds, ffmpeg: exit.stderr }, 'the audio is damaged; what can be read is used')
    options.onWarning?.('The recording is damaged or cut off; what can be read of it was used.')
  }
}
