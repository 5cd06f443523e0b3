/** The audio tracks of a file, as ffmpeg lists them, and which of them is heard. */

import { OptionInvalidError } from '../errors/index.ts'
import { resolveLanguage } from '../languages.ts'

export interface Track {
  /** Among the file's audio tracks, from 0: ffmpeg's `0:a:N`. */
  readonly index: number
  /** As the file tags it, such as `eng`; undefined where it does not. */
  readonly language: string | undefined
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
const STREAM = /^\[info\] +Stream #0:(\d+)(?:\[0x[\da-f]+\])?(?:\(([^)]*)\))?: Audio: (.*)$/
/** What follows is no input, and comes before any output. */
const END = /^\[info\] (?:Stream mapping:|Output #)/

/** Reads ffmpeg's messages as they come. */
export class TrackList {
  readonly #found = new Map<number, { readonly language: string | undefined; readonly isDefault: boolean }>()
  #line = ''
  #isComplete = false

  /** True when every track of the input has been named. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  push(text: string): void {
    if (this.#isComplete) return
    const lines = `${this.#line}${text}`.split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) {
      if (END.test(line)) this.#isComplete = true
      const [, stream, language, details = ''] = STREAM.exec(line) ?? []
      // A stream of several programs is told of in each.
      if (stream === undefined || this.#isComplete) continue
      this.#found.set(Number(stream), { language: language || undefined, isDefault: /\(default\)/.test(details) })
    }
  }

  /** In the order of the file, which is not that of the list where it has programs. */
  get tracks(): Track[] {
    const streams = [...this.#found].sort(([a], [b]) => a - b)
    return streams.map(([, track], index) => ({ index, ...track }))
  }
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
