/** A stream cut anew, so that what is done with a part of it does not depend on how it came. */

/** Chunks of `length` samples, the last one shorter. */
export async function* inSteps(
  chunks: AsyncIterable<Float32Array>,
  length: number,
): AsyncGenerator<Float32Array, void, undefined> {
  let step = new Float32Array(length)
  let filled = 0
  for await (const chunk of chunks) {
    for (let used = 0; used < chunk.length; ) {
      const part = chunk.subarray(used, used + length - filled)
      step.set(part, filled)
      filled += part.length
      used += part.length
      if (filled < length) continue
      yield step
      step = new Float32Array(length)
      filled = 0
    }
  }
  if (filled > 0) yield step.subarray(0, filled)
}
