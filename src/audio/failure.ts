/** From the way in which ffmpeg ended to the error that a caller sees. */

import {
  type AsrError,
  AudioEmptyError,
  AudioUnreadableError,
  FfmpegMissingError,
  FfmpegStoppedError,
} from '../errors/index.ts'
import { MOST_CHANNELS } from './channels.ts'
import type { FfmpegExit } from './ffmpeg.ts'
import { hasSandboxFailed } from './sandbox.ts'

export const holdsNoAudio = () => new AudioEmptyError('holds no audio')

/** ffmpeg lists a track with its number of channels where they have no layout. */
const TOO_MANY_CHANNELS = /^\[info\] +Stream #.*: Audio: .*\b(?:6[5-9]|[7-9]\d|[1-9]\d{2,}) channels\b/m

/**
 * ffmpeg's words → the reason a caller reads; the first match counts. The texts have been the same since ffmpeg 4.
 * Should one change, the general reason below takes its place: less telling, still true.
 */
const REASONS: readonly (readonly [said: RegExp, reason: string])[] = [
  [/moov atom not found/, 'it is incomplete, the index at its end is missing'],
  [/Format not on whitelist/, 'its format is not one of audio or video'],
  [TOO_MANY_CHANNELS, `it has more than the ${MOST_CHANNELS} channels that can be read`],
  [/Decoder \(codec [^)]*\) not found|Decoding requested, but no decoder found|codec none/, 'its codec is not known'],
  [/Cannot allocate memory/, 'it asks for more memory than a recording needs'],
  [/Permission denied/, 'the service may not read it'],
]

/** Its own last words, after a signal that it obeys. The file is not to blame. */
const ENDED_POLITELY = /^\[info\] Exiting normally, received signal \d+/m

const GENERAL_REASON = 'its contents are damaged, incomplete or not audio at all'

/**
 * Signals of an operator, or of a system that is short of memory. Others are the file's, such as a SIGSEGV of its decoder.
 * The sandbox's limit on processor time kills too, and cannot be told from them here: a decoder meets it that is slower
 * than ten times the speed at which the recording is played (`ffmpeg.ts`).
 */
const FROM_OUTSIDE: ReadonlySet<NodeJS.Signals> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'])

/**
 * The failure of a run that gave no usable audio.
 *
 * @param nSamples  how many samples came out before the end.
 */
export function failureOf(exit: FfmpegExit, nSamples: number): AsrError {
  if (hasSandboxFailed(exit.stderr)) return new FfmpegMissingError({ cause: new Error(exit.stderr.trim()) })
  if (ENDED_POLITELY.test(exit.stderr) || (exit.signal !== null && FROM_OUTSIDE.has(exit.signal))) {
    return new FfmpegStoppedError({ cause: causeOf(exit) })
  }
  if (exit.signal !== null) return unreadable('the program that reads it ended on it', exit)
  if (exit.code === 0 && nSamples === 0) return holdsNoAudio()
  if (/matches no streams/.test(exit.stderr)) return holdsNoAudio()
  if (nSamples > 0) return unreadable('most of it cannot be decoded', exit)
  return unreadable(REASONS.find(([said]) => said.test(exit.stderr))?.[1] ?? GENERAL_REASON, exit)
}

/** Bytes between two frames of mp3 are mostly a tag: a second file's, where two were stuck together. It costs no sound. */
const TAG_BETWEEN_FRAMES = /^\[mp3\w* @ \S+\] \[error\] Header missing\n.*\[error\] Error .*\n/gm

/** True when ffmpeg met broken data on its way; harmless remarks have the level `warning`. */
export function sawDamage(exit: FfmpegExit): boolean {
  return /\[(?:error|fatal|panic)\]/.test(exit.stderr.replace(TAG_BETWEEN_FRAMES, ''))
}

/** ffmpeg's code for a decoder that refused more than two thirds of the packets. */
const TOO_MANY_FAILED = 69

/** True when ffmpeg read to the end, and only then judged that too many packets could not be decoded. */
export function failedOnPackets({ code }: FfmpegExit): boolean {
  return code === TOO_MANY_FAILED
}

function unreadable(reason: string, exit: FfmpegExit): AudioUnreadableError {
  return new AudioUnreadableError(reason, { cause: causeOf(exit) })
}

function causeOf({ signal, code, stderr }: FfmpegExit): Error {
  return new Error(`ffmpeg ended with ${signal ?? `code ${code}`}: ${stderr.trim()}`)
}
