/** Outlines of recordings, each made once. */

import { peaksOf } from '../audio/peaks.ts'
import { findPeaks, keepPeaks } from './history.ts'

/** Undefined where it cannot be drawn. */
export async function outlineOf(
  id: string,
  recording: Blob,
  durationSeconds: number,
): Promise<readonly number[] | undefined> {
  const known = await findPeaks(id)
  if (known !== undefined) return known
  const peaks = await peaksOf(recording, durationSeconds)
  if (peaks !== undefined) await keepPeaks(id, peaks)
  return peaks
}
