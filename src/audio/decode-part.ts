/** What ffmpeg makes of a file, or of a part of it → samples, each where a player plays it. */

import { AudioTooLongError } from '../errors/index.ts'
import { SAMPLE_RATE } from '../whisper-constants.ts'
import { shortcomings } from './completeness.ts'
import type { Description } from './description.ts'
import { failedOnPackets, failureOf, sawDamage } from './failure.ts'
import { type AudioOptions, Ffmpeg } from './ffmpeg.ts'
import type { Part } from './part.ts'
import { BYTES_PER_SAMPLE, SampleReader } from './samples.ts'
import type { Structure } from './structure.ts'
import { squeezed, Timeline } from './timeline.ts'

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
  await using ffmpeg = await Ffmpeg.start(path, options, [], part)
  const file = await ffmpeg.description()
  const mayJump = file.formats.some((format) => MAY_JUMP.has(format))
  const announced = structure.seconds ?? lengthOf(file)
  if (announced !== undefined) {
    // Where the clock may jump, the last time less the first is no length.
    if (announced > options.maxSeconds * ESTIMATE_TOLERANCE && !mayJump) throw new AudioTooLongError(options.maxSeconds)
    options.onLength?.(announced)
  }
  const isPromise = structure.seconds !== undefined || (file.isDurationPromised && !structure.isChained && !mayJump)
  const promisedSeconds = isPromise ? announced : undefined

  const isRight = (structure.isClockRight ?? true) && !file.formats.some((format) => CLOCKLESS.has(format))
  const timeline = new Timeline({ isRight, mayJump, promisedSeconds })
  const reader = new SampleReader()
  let start = file.startSeconds
  let nDecoded = 0
  for await (const blocks of ffmpeg.blocks()) {
    let contiguous: Uint8Array[] = []
    for (const { seconds, bytes } of blocks) {
      start ??= seconds
      const { nSilent, nLeftOut } = timeline.place(seconds - start, bytes.length / BYTES_PER_SAMPLE)
      if (nSilent > 0) {
        yield* joined(reader, contiguous)
        contiguous = []
        if (timeline.seconds > options.maxSeconds) throw new AudioTooLongError(options.maxSeconds)
        yield* silence(nSilent)
      }
      contiguous.push(nLeftOut > 0 ? squeezed(bytes, BYTES_PER_SAMPLE, nLeftOut) : bytes)
      nDecoded += bytes.length / BYTES_PER_SAMPLE
    }
    yield* joined(reader, contiguous)
  }

  const exit = await ffmpeg.exit()
  const isAmr = file.codec?.startsWith('amr') ?? false
  if ((exit.code !== 0 && !(isAmr && failedOnPackets(exit))) || nDecoded === 0) throw failureOf(exit, nDecoded)
  // ffmpeg decodes no silence of AMR: it is a gap, also at the end.
  if (isAmr && file.isSoundAlone) yield* silence(timeline.place(promisedSeconds ?? 0, 0).nSilent)

  const told = shortcomings({
    promisedSeconds: file.isSoundAlone ? promisedSeconds : undefined,
    seconds: timeline.seconds,
    closedSeconds: timeline.closedSeconds,
    isDamaged: (structure.isCutOff ?? false) || (sawDamage(exit) && !isAmr),
  })
  if (told.length === 0) return
  options.logger?.warn(
    { audioSeconds: timeline.seconds, ffmpeg: exit.stderr },
    'the audio is damaged; what can be read is used',
  )
  for (const sentence of told) options.onWarning?.(sentence)
}

/** Some headers tell the time of the end, and the beginning may be at any time; a player plays what is between them. */
function lengthOf({ durationSeconds, startSeconds = 0 }: Description): number | undefined {
  if (durationSeconds === undefined || startSeconds <= 0 || durationSeconds <= startSeconds) return durationSeconds
  return durationSeconds - startSeconds
}

/** Samples of blocks that follow each other. */
function* joined(reader: SampleReader, blocks: readonly Uint8Array[]): Generator<Float32Array, void, undefined> {
  const samples = reader.push(blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks)) // [N]
  if (samples.length > 0) yield samples
}

/** A second at a time, however long it lasts. */
function* silence(nSamples: number): Generator<Float32Array, void, undefined> {
  for (let left = nSamples; left > 0; left -= SAMPLE_RATE) yield new Float32Array(Math.min(left, SAMPLE_RATE))
}
