/** Which of several audio tracks is heard: the one that is wanted most of those in which there is something to hear. */

import { AsrError, AudioTooLongError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import type { ChannelLayout } from './channels.ts'
import { failureOf } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import { type Hearing, heard } from './heard.ts'
import type { Part } from './part.ts'
import { named, type Track, tracksByWish } from './tracks.ts'

/** A forged file may have thousands, and each that is tried costs a process. */
export const MOST_TRIED = 8

/**
 * Listens to each track until something may be speech in it, which takes the start of a process for most files. Tells the
 * caller in a warning that there are others, and what is wrong with those that were wanted more.
 *
 * @throws {OptionInvalidError} for a track that is not there.
 * @throws {AudioTooLongError} for a silent track that is longer than allowed.
 * @throws what is wrong with the most wanted track, where none can be read.
 */
export async function chooseTrack(
  path: string,
  tracks: readonly Track[],
  options: AudioOptions,
  part?: Part,
): Promise<Track> {
  const wanted = tracksByWish(tracks, options).slice(0, MOST_TRIED)
  if (options.track !== undefined) return wanted[0]! // it has thrown where there is none
  const passedOver: string[] = []
  const silent: Track[] = []
  let failure: AsrError | undefined
  for (const track of wanted) {
    try {
      if (await hasSound(path, track, options, part)) {
        options.onWarning?.(choiceOf(track, tracks, passedOver))
        return track
      }
      silent.push(track)
      passedOver.push(`${named(track)} is silent`)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof AsrError) || !ABOUT_THE_TRACK.includes(error.code)) throw error
      failure ??= error
      passedOver.push(`${named(track)} cannot be read`)
    }
  }
  const [first] = silent
  if (!first) throw failure! // there are tracks, and none is silent
  options.onWarning?.(
    `The recording has ${tracks.length} audio tracks, and no sound was found in those that can be read.`,
  )
  return first
}

const ABOUT_THE_TRACK: readonly string[] = ['ASR_AUDIO_UNREADABLE', 'ASR_AUDIO_EMPTY']

function choiceOf(track: Track, tracks: readonly Track[], passedOver: readonly string[]): string {
  const why = passedOver.length > 0 ? `, since ${passedOver.join(' and ')}` : ''
  return `The recording has ${tracks.length} audio tracks; ${named(track)} was transcribed${why}. Option track chooses another.`
}

/** @throws {AsrError} when nothing of the track can be read. */
async function hasSound(
  path: string,
  { index }: Track,
  options: AudioOptions,
  part: Part | undefined,
): Promise<boolean> {
  await using ffmpeg = await Ffmpeg.start(path, options, { track: index, part })
  let [isFound, nSamples] = [false, 0]
  const onSound = () => {
    isFound = true
  }
  for await (const samples of heardBy(ffmpeg, ffmpeg.output(), { onSound })) {
    if (isFound) return true
    nSamples += samples.length
    if (nSamples > options.maxSeconds * SAMPLE_RATE) throw new AudioTooLongError(options.maxSeconds)
  }
  const exit = await ffmpeg.exit()
  if (nSamples === 0) throw failureOf(exit, 0)
  return isFound
}

/**
 * What is heard of a running ffmpeg's output.
 *
 * @param output  [N × channels] interleaved, of this run.
 */
export async function* heardBy(
  ffmpeg: Ffmpeg,
  output: AsyncGenerator<Float32Array, void, undefined>,
  { onLayout, ...hearing }: Hearing & { readonly onLayout?: (layout: ChannelLayout) => void },
): AsyncGenerator<Float32Array, void, undefined> {
  const first = await output.next()
  if (first.done) return
  const layout = await ffmpeg.layout()
  onLayout?.(layout)
  yield* heard(withFirst(first.value, output), layout, hearing)
}

async function* withFirst<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield first
  yield* rest
}
