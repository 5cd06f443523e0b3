/** A file within a file: where several were stuck together, or where the header of one is not to be believed. */
export interface Part {
  /** ffmpeg's name of its format. */
  readonly format: 'mov' | 'ogg' | 'wav'
  readonly start: number
  /** One past its last byte. */
  readonly end: number
  /** The sound of a WAV file goes on to the end, whatever its header says. */
  readonly isLongerThanPromised: boolean
}

export interface Parts {
  readonly parts: readonly Part[]
  /** There are more than are looked for. */
  readonly hasMore: boolean
}

/** Each costs a start of ffmpeg. */
export const MOST_PARTS = 1000

/**
 * Files of one format, one behind the other.
 *
 * @param starts  of each, one more than `MOST_PARTS` at most.
 * @param size    of the whole file.
 * @returns       undefined where it is one alone.
 */
export function partsFrom(format: Part['format'], starts: readonly number[], size: number): Parts | undefined {
  if (starts.length < 2) return undefined
  const parts = starts
    .slice(0, MOST_PARTS)
    .map((start, i): Part => ({ format, start, end: starts[i + 1] ?? size, isLongerThanPromised: false }))
  return { parts, hasMore: starts.length > MOST_PARTS }
}
