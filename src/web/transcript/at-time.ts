/** What is being said at a moment of the recording. */

interface Timed {
  readonly start: number
  readonly end: number
}

/** Index of the last one that has begun, -1 before the first. The list is in order of its starts. */
export function lastBegun(items: readonly Timed[], seconds: number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (items[middle]!.start <= seconds) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Index of the one that is being said, -1 in the pauses. */
export function spokenAt(items: readonly Timed[], seconds: number): number {
  const index = lastBegun(items, seconds)
  return index >= 0 && seconds < items[index]!.end ? index : -1
}
