/** A file of any format → samples. */

import { AudioEmptyError, AudioTooLongError, AudioUnreadableError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { samplesByFfmpeg } from './decode-part.ts'
import type { AudioOptions } from './ffmpeg.ts'
import { heard } from './heard.ts'
import { PlainWav } from './plain-wav.ts'
import { checkFile } from './probe.ts'
import { structureOf } from './structure.ts'
import { trackMissing } from './tracks.ts'

/**
 * An audio track of a file, streamed: a few seconds lie in memory at a time, however slow the consumer is, and at most half
 * a minute at the beginning; docs/decisions/0033 has the choice of the track, the mix and the level. Every sample stands where a
 * player plays it. Of a damaged or truncated file it gives what can be decoded, and tells so; see
 * docs/decisions/0032-time-is-the-recordings.md. ffmpeg reads all but plain WAV files (docs/decisions/0012) and has ended when the
 * generator has, also when the consumer stops early.
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

/** All that the file holds, one part after the other; each part is told of once. */
async function* decodeByFfmpeg(path: string, options: AudioOptions): AsyncGenerator<Float32Array, void, undefined> {
  const structure = await structureOf(path)
  const { parts, hasMore } = structure.several ?? { parts: [undefined], hasMore: false }
  // The length of a part is not that of the recording.
  const onLength = parts.length > 1 ? undefined : options.onLength
  let isTrackTold = false
  const onTrack: AudioOptions['onTrack'] = (found) => {
    if (!isTrackTold) options.onTrack?.(found)
    isTrackTold = true
  }
  const told = new Set<string>()
  const tell = (warning: string) => {
    if (!told.has(warning)) options.onWarning?.(warning)
    told.add(warning)
  }
  let failure: unknown
  let isEmpty = true
  for (const [i, part] of parts.entries()) {
    const isLast = i === parts.length - 1
    const known = { ...structure, isCutOff: isLast && (structure.isCutOff ?? false) }
    try {
      for await (const samples of samplesByFfmpeg(
        path,
        known,
        { ...options, onLength, onTrack, onWarning: tell },
        part,
      )) {
        isEmpty = false
        yield samples
      }
    } catch (error) {
      const isOfPart = error instanceof AudioEmptyError || error instanceof AudioUnreadableError
      if (!isOfPart || parts.length === 1) throw error
      failure ??= error
      if (error instanceof AudioUnreadableError) tell('A part of the recording could not be read, and is left out.')
    }
  }
  if (isEmpty) throw failure
  if (hasMore)
    tell(`The file holds more than ${parts.length} recordings, one after the other; those behind them are left out.`)
}
