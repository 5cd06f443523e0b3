/** The channels of a track: how many there are, and which loudspeaker each was made for. */

export interface ChannelLayout {
  readonly nChannels: number
  /** A bit for each channel's loudspeaker, in their order, as `dwChannelMask` of a WAV file; 0: nobody has said. */
  readonly speakers: number
}

export const MONO: ChannelLayout = { nChannels: 1, speakers: 0 }
export const STEREO: ChannelLayout = { nChannels: 2, speakers: 0 }

/** ffmpeg's resampler takes no more. */
export const MOST_CHANNELS = 64

/**
 * Part of each loudspeaker in one channel, by the bit that stands for it; the others, above the listener, count as the
 * ones behind him. A low-frequency channel (bit 3) has no voice.
 *
 * @see FFmpeg/FFmpeg:libswresample/rematrix.c `auto_matrix` — the same numbers, where one channel is made of several.
 */
const SPEAKER_WEIGHTS = [
  ...[Math.SQRT1_2, Math.SQRT1_2, 1, 0], // front left, right, centre; low frequencies
  ...[0.5, 0.5], // back left, right
  ...[Math.SQRT1_2, Math.SQRT1_2], // front left and right of centre
  ...[0.5, 0.5, 0.5], // back centre; side left, right
]
const OTHER_WEIGHT = 0.5

/**
 * What each channel is multiplied by in a mix of all of them.
 *
 * Of loudspeakers the mix is no louder than the loudest channel. Of channels that nobody has placed (a mixing desk's, a
 * field recorder's) each counts the same; and since the mean of sixty would lower the one in which somebody speaks by 36 dB,
 * they are divided by the root of their number, which leaves the energy of independent sounds as it is.
 */
export function mixWeights({ nChannels, speakers }: ChannelLayout): Float64Array {
  if (nChannels === 1) return Float64Array.of(1)
  const bits = Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => (speakers >>> bit) & 1)
  if (bits.length !== nChannels) {
    return new Float64Array(nChannels).fill(nChannels === 2 ? 0.5 : 1 / Math.sqrt(nChannels))
  }
  const weights = bits.map((bit) => SPEAKER_WEIGHTS[bit] ?? OTHER_WEIGHT)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return Float64Array.from(weights, (weight) => weight / Math.max(1, sum))
}
