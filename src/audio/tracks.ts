/** The audio tracks of a file, as ffmpeg lists them, and which of them is heard. */

import { OptionInvalidError } from '../errors/index.ts'
import { resolveLanguage } from '../languages.ts'

export interface Track {
  /** Among the file's audio tracks, from 0: ffmpeg's `0:a:N`. */
  readonly index: number
  /** As the file tags it, such as `eng`; undefined where it does not. */
  readonly language: string | undefined
  /** ffmpeg's name of it, such as `aac` or `amr_nb`. */
  readonly codec: string | undefined
  /** The file says that this is the one to play. */
  readonly isDefault: boolean
}

/** What a caller asks for, or implies. */
export interface TrackWish {
  /** Counted from 1. */
  readonly track?: number | undefined
  /** Code of the language that is spoken, where it is known. */
  readonly language?: string | undefined
}

/** From the start of the line, since a title of the file's own may say anything. */
const STREAM = /^\[info\] +Stream #0:(\d+)(?:\[0x[\da-f]+\])?(?:\(([^)]*)\))?: Audio: (\w+)?(.*)$/gm

/**
 * In the order of the file, which is not that of the list where it has programs: a stream of several is told of in each.
 *
 * @param said  ffmpeg's lines about the input.
 */
export function tracksIn(said: string): Track[] {
  const found = new Map<number, Omit<Track, 'index'>>()
  for (const [, stream, language, codec, rest = ''] of said.matchAll(STREAM)) {
    found.set(Number(stream), { language: language || undefined, codec, isDefault: /\(default\)/.test(rest) })
  }
  const streams = [...found].sort(([a], [b]) => a - b)
  return streams.map(([, track], index) => ({ index, ...track }))
}

/**
 * The tracks that may be heard, the best first: the one that was asked for alone; else those in the wanted language before
 * the others, of these the one that the file would have played, then their order.
 *
 * @throws {OptionInvalidError} for a track that is not there.
 */
export function tracksByWish(tracks: readonly Track[], { track, language }: TrackWish): Track[] {
  if (track !== undefined) {
    const found = tracks[track - 1]
    if (!found) throw trackMissing(track, tracks.length)
    return [found]
  }
  const rank = (one: Track) => (isIn(language, one) ? 0 : 2) + (one.isDefault ? 0 : 1)
  return tracks.toSorted((a, b) => rank(a) - rank(b))
}

export function trackMissing(track: number, nTracks: number): OptionInvalidError {
  const all =
    nTracks === 1 ? '1: the file has one audio track' : `1 to ${nTracks}: the file has ${nTracks} audio tracks`
  return new OptionInvalidError('track', String(track), all)
}

/** Tags have three letters or two, of several standards. */
function isIn(wanted: string | undefined, { language }: Track): boolean {
  if (wanted === undefined || language === undefined) return false
  try {
    return resolveLanguage(language, [wanted]) === wanted
  } catch {
    return false
  }
}

/** A track as a caller knows it: counted from 1, with its language. */
export function named({ index, language }: Track): string {
  return language === undefined || language === 'und' ? `track ${index + 1}` : `track ${index + 1} (${language})`
}
