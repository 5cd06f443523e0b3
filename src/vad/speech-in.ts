/** Where there is speech in a stretch of sound that was cut without listening. */

import { SAMPLE_RATE } from '../whisper-constants.ts'
import { listen, type SpeechProbability } from './frames.ts'
import { type Span, SpanFinder } from './speech-spans.ts'

/**
 * @param samples    16 kHz mono.
 * @param threshold  probability from which a frame counts as speech.
 * @returns          spans in seconds from the first sample, in order.
 */
export async function speechIn(
  samples: Float32Array,
  probability: SpeechProbability,
  threshold: number,
): Promise<Span[]> {
  const finder = new SpanFinder(threshold)
  const found: (Span | undefined)[] = []
  for await (const { frames } of listen(once(samples), probability)) {
    for (const frame of frames) found.push(finder.push(frame.probability))
  }
  found.push(finder.end(samples.length))
  return found
    .filter((span) => span !== undefined)
    .map(({ start, end }) => ({ start: start / SAMPLE_RATE, end: end / SAMPLE_RATE }))
}

async function* once(samples: Float32Array): AsyncGenerator<Float32Array> {
  yield samples
}
