/** What ffmpeg says of a file before it decodes it, and of its own output. */

import { speakersOf } from './channels.ts'
import { type Track, tracksIn } from './tracks.ts'

export interface Description {
  /** Of the longest stream by its header, or ffmpeg's estimate; it may be wrong. undefined where neither is known. */
  readonly durationSeconds: number | undefined
  /** False: ffmpeg has guessed the length from the size of the file. */
  readonly isDurationPromised: boolean
  /** Where a player begins: the earliest time of sound or pictures. undefined where the file has no times. */
  readonly startSeconds: number | undefined
  /** ffmpeg's names of the container, such as `mov`, `matroska`, `ogg`. */
  readonly formats: readonly string[]
  /** True where the sound is all that is played, so that the file is as long as it. */
  readonly isSoundAlone: boolean
  /** The sounds that it holds. */
  readonly tracks: readonly Track[]
}

/** The line that follows all that is said of the file. */
const END = /^\[info\] (?:Stream mapping:|Output #0)/m

/** True when nothing more will be said of the file. */
export const isDescribed = (stderr: string) => END.test(stderr)

const OUTPUT =
  /^\[info\] Output #0[\s\S]*?^\[info\] +Stream #0:0\S*: Audio: \w+(?: \([^)]*\))?, \d+ Hz, (.*), flt\b.*\n/m

/** True when ffmpeg has said what it writes. */
export const isOutputDescribed = (stderr: string) => OUTPUT.test(stderr)

/** The loudspeakers of what it writes, as `ChannelLayout` has them. */
export const outputSpeakers = (stderr: string) => speakersOf(OUTPUT.exec(stderr)?.[1] ?? '')

/** Reads ffmpeg's lines; each must begin as its own do, since titles and comments of the file may say anything. */
export function describe(said: string): Description {
  const stderr = said.slice(0, END.exec(said)?.index)
  const [, duration, start] = /^\[info\] +Duration: ([\d:.]+|N\/A)(?:, start: (-?[\d.]+))?/m.exec(stderr) ?? []
  const streams = Array.from(stderr.matchAll(/^\[info\] +Stream #0:\d+\S*: (\w+): (.*)$/gm))
  const played = streams.filter(([, kind, rest]) => kind !== 'Data' && !rest?.includes('(attached pic)'))
  return {
    durationSeconds: secondsOf(duration),
    isDurationPromised: duration !== undefined && !/Estimating duration from bitrate/.test(stderr),
    startSeconds: start === undefined ? undefined : Number(start),
    formats: /^\[info\] Input #0, (\S+), from/m.exec(stderr)?.[1]?.split(',') ?? [],
    isSoundAlone: played.length === 1,
    tracks: tracksIn(stderr),
  }
}

function secondsOf(clock: string | undefined): number | undefined {
  const [, hours, minutes, seconds] = /^(\d+):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(clock ?? '') ?? []
  return hours === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}
