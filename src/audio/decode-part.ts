/** What ffmpeg makes of a file, or of a part of it → samples, each where a player plays it. */

import { AudioTooLongError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import type { ChannelLayout } from './channels.ts'
import { shortcomings } from './completeness.ts'
import type { Description } from './description.ts'
import { failedOnPackets, failureOf, sawDamage } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import type { Part } from './part.ts'
import { BYTES_PER_SAMPLE, samplesOf } from './samples.ts'
import type { Structure } from './structure.ts'
import { squeezed, Timeline } from './timeline.ts'
import { chooseTrack, heardBy } from './track-choice.ts'
import { trackMissing } from './tracks.ts'

/** The length of formats without a header is estimated from the first frames. */
const ESTIMATE_TOLERANCE = 1.1

/** Formats without times whose packets ffmpeg counts, at the rate of the first also where later ones have another. */
const CLOCKLESS: ReadonlySet<string> = new Set(['mp3'])

/** Formats of broadcasts, in which a part with another clock may follow at any time. */
const MAY_JUMP: ReadonlySet<string> = new Set(['mpegts', 'mpeg'])

/**
 * @param structure  of the part, as `structureOf` has found it.
 * @param part       undefined: the whole file.
 * @returns          chunks of [N] 16 kHz mono samples in [-1, 1], N > 0, owned by the caller; at least one chunk.
 * @throws what `decodeAudio` throws.
 */
export async function* samplesByFfmpeg(
  path: string,
  structure: Structure,
  options: AudioOptions,
  part?: Part,
): AsyncGenerator<Float32Array, void, undefined> {
  await using first = await Ffmpeg.start(path, options, { part })
  const file = await first.description()
  const { tracks } = file
  // Nearly all files have one, and its samples are on their way.
  if (tracks.length > 1) await first[Symbol.asyncDispose]()
  else if (tracks.length === 1 && (options.track ?? 1) > 1) throw trackMissing(options.track!, 1)
  const track = tracks.length > 1 ? await chooseTrack(path, tracks, options, part) : tracks[0]
  const index = track?.index ?? 0
  await using chosen = tracks.length > 1 ? await Ffmpeg.start(path, options, { track: index, part }) : undefined

  const placing = new Placing(chosen ?? first, file, { structure, options, codec: track?.codec })
  const { channel, isOneOfAll, onTrack } = options
  const onLayout = ({ nChannels }: ChannelLayout) => onTrack?.({ track: index + 1, nChannels })
  yield* heardBy(chosen ?? first, placing.samples(), { channel, isOneOfAll, onLayout })
  await placing.end()
}

interface PlacingOptions {
  readonly structure: Structure
  readonly options: AudioOptions
  readonly codec: string | undefined
}

/** One run of ffmpeg, its samples put where a player plays them. */
class Placing {
  readonly #ffmpeg: Ffmpeg
  readonly #file: Description
  readonly #structure: Structure
  readonly #options: AudioOptions
  readonly #isAmr: boolean
  readonly #promisedSeconds: number | undefined
  readonly #timeline: Timeline
  /** Of each channel. */
  #nDecoded = 0

  /** @throws {AudioTooLongError} by the length that the file announces. */
  constructor(ffmpeg: Ffmpeg, file: Description, { structure, options, codec }: PlacingOptions) {
    this.#ffmpeg = ffmpeg
    this.#file = file
    this.#structure = structure
    this.#options = options
    this.#isAmr = codec?.startsWith('amr') ?? false
    const mayJump = file.formats.some((format) => MAY_JUMP.has(format))
    const announced = structure.seconds ?? lengthOf(file)
    if (announced !== undefined) {
      // Where the clock may jump, the last time less the first is no length.
      const isTooLong = announced > options.maxSeconds * ESTIMATE_TOLERANCE
      if (isTooLong && !mayJump) throw new AudioTooLongError(options.maxSeconds)
      options.onLength?.(announced)
    }
    const isPromise = structure.seconds !== undefined || (file.isDurationPromised && !structure.isChained && !mayJump)
    this.#promisedSeconds = isPromise ? announced : undefined
    const isRight = (structure.isClockRight ?? true) && !file.formats.some((format) => CLOCKLESS.has(format))
    this.#timeline = new Timeline({ isRight, mayJump, promisedSeconds: this.#promisedSeconds })
  }

  /** [N × channels] finite samples, interleaved. */
  async *samples(): AsyncGenerator<Float32Array, void, undefined> {
    const { maxSeconds } = this.#options
    let start = this.#file.startSeconds
    let nChannels = 1
    for await (const blocks of this.#ffmpeg.blocks()) {
      nChannels = this.#ffmpeg.nChannels
      const bytesPerFrame = nChannels * BYTES_PER_SAMPLE
      let contiguous: Uint8Array[] = []
      for (const { seconds, bytes } of blocks) {
        start ??= seconds
        const nFrames = bytes.length / bytesPerFrame
        const { nSilent, nLeftOut } = this.#timeline.place(seconds - start, nFrames)
        if (nSilent > 0) {
          if (contiguous.length > 0) yield samplesOf(contiguous)
          contiguous = []
          if (this.#timeline.seconds > maxSeconds) throw new AudioTooLongError(maxSeconds)
          yield* silence(nSilent, nChannels)
        }
        contiguous.push(nLeftOut > 0 ? squeezed(bytes, bytesPerFrame, nLeftOut) : bytes)
        this.#nDecoded += nFrames
      }
      if (contiguous.length > 0) yield samplesOf(contiguous)
    }
    // ffmpeg decodes no silence of AMR: it is a gap, also at the end.
    if (this.#isAmr && this.#file.isSoundAlone && this.#nDecoded > 0) {
      yield* silence(this.#timeline.place(this.#promisedSeconds ?? 0, 0).nSilent, nChannels)
    }
  }

  /** To be called behind the last sample. Tells what is missing. @throws what is wrong with a file that gave too little. */
  async end(): Promise<void> {
    const exit = await this.#ffmpeg.exit()
    const isRefused = exit.code !== 0 && !(this.#isAmr && failedOnPackets(exit))
    if (isRefused || this.#nDecoded === 0) throw failureOf(exit, this.#nDecoded)
    const { logger, onWarning } = this.#options
    const { seconds, closedSeconds } = this.#timeline
    const told = shortcomings({
      promisedSeconds: this.#file.isSoundAlone ? this.#promisedSeconds : undefined,
      seconds,
      closedSeconds,
      isDamaged: (this.#structure.isCutOff ?? false) || (sawDamage(exit) && !this.#isAmr),
    })
    if (told.length === 0) return
    logger?.warn({ audioSeconds: seconds, ffmpeg: exit.stderr }, 'the audio is damaged; what can be read is used')
    for (const sentence of told) onWarning?.(sentence)
  }
}

/** Some headers tell the time of the end, and the beginning may be at any time; a player plays what is between them. */
function lengthOf({ durationSeconds, startSeconds = 0 }: Description): number | undefined {
  if (durationSeconds === undefined || startSeconds <= 0 || durationSeconds <= startSeconds) return durationSeconds
  return durationSeconds - startSeconds
}

/** A second at a time, however long it lasts. @param nFrames  of all channels. */
function* silence(nFrames: number, nChannels: number): Generator<Float32Array, void, undefined> {
  for (let left = nFrames; left > 0; left -= SAMPLE_RATE) {
    yield new Float32Array(Math.min(left, SAMPLE_RATE) * nChannels)
  }
}
