/** The outline of a recording, from its sound. */

import { loudestOf, POINTS } from './outline.ts'

/** Browsers decode a recording whole: at 48 kHz in stereo this takes 0.7 GB for a while. */
const MAX_SECONDS = 30 * 60
const MAX_BYTES = 300_000_000
/** The lowest that browsers decode to; a drawing needs no more. */
const SAMPLE_RATE = 3_000

/** Loudest value of each stretch, 0 to 1; undefined where the browser cannot decode it, or only at too high a price. */
export async function peaksOf(recording: Blob, durationSeconds: number): Promise<number[] | undefined> {
  if (durationSeconds > MAX_SECONDS || recording.size > MAX_BYTES) return undefined
  try {
    const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE)
    const decoded = await decoder.decodeAudioData(await recording.arrayBuffer())
    return loudestOf(decoded.getChannelData(0), Math.min(POINTS, decoded.length))
  } catch {
    return undefined // a format that this browser does not know
  }
}
