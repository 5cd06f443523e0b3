/** The channels of a track: how many there are, and which loudspeaker each was made for. */

export interface ChannelLayout {
  readonly nChannels: number
  /** A bit for each channel's loudspeaker, in their order, as `dwChannelMask` of a WAV file; 0: nobody has said. */
  readonly speakers: number
}

export const MONO: ChannelLayout = { nChannels: 1, speakers: 0 }

/** ffmpeg's resampler takes no more. */
export const MOST_CHANNELS = 64

/** Names of loudspeakers, by the bit that stands for each. */
const SPEAKERS = 'FL FR FC LFE BL BR FLC FRC BC SL SR TC TFL TFC TFR TBL TBC TBR'.split(' ')

/** ffmpeg's names of layouts; each lists its loudspeakers in the order of their bits. */
const LAYOUTS: Readonly<Record<string, string>> = {
  mono: 'FC',
  stereo: 'FL+FR',
  '2.1': 'FL+FR+LFE',
  '3.0': 'FL+FR+FC',
  '3.0(back)': 'FL+FR+BC',
  '4.0': 'FL+FR+FC+BC',
  quad: 'FL+FR+BL+BR',
  'quad(side)': 'FL+FR+SL+SR',
  '3.1': 'FL+FR+FC+LFE',
  '5.0': 'FL+FR+FC+BL+BR',
  '5.0(side)': 'FL+FR+FC+SL+SR',
  '4.1': 'FL+FR+FC+LFE+BC',
  '5.1': 'FL+FR+FC+LFE+BL+BR',
  '5.1(side)': 'FL+FR+FC+LFE+SL+SR',
  '6.0': 'FL+FR+FC+BC+SL+SR',
  '6.0(front)': 'FL+FR+FLC+FRC+SL+SR',
  '3.1.2': 'FL+FR+FC+LFE+TFL+TFR',
  hexagonal: 'FL+FR+FC+BL+BR+BC',
  '6.1': 'FL+FR+FC+LFE+BC+SL+SR',
  '6.1(back)': 'FL+FR+FC+LFE+BL+BR+BC',
  '6.1(front)': 'FL+FR+LFE+FLC+FRC+SL+SR',
  '7.0': 'FL+FR+FC+BL+BR+SL+SR',
  '7.0(front)': 'FL+FR+FC+FLC+FRC+SL+SR',
  '7.1': 'FL+FR+FC+LFE+BL+BR+SL+SR',
  '7.1(wide)': 'FL+FR+FC+LFE+BL+BR+FLC+FRC',
  '7.1(wide-side)': 'FL+FR+FC+LFE+FLC+FRC+SL+SR',
  '5.1.2': 'FL+FR+FC+LFE+SL+SR+TFL+TFR',
  '5.1.2(back)': 'FL+FR+FC+LFE+BL+BR+TFL+TFR',
  octagonal: 'FL+FR+FC+BL+BR+BC+SL+SR',
  cube: 'FL+FR+BL+BR+TFL+TFR+TBL+TBR',
  '5.1.4': 'FL+FR+FC+LFE+SL+SR+TFL+TFR+TBL+TBR',
  '7.1.2': 'FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR',
  '7.1.4': 'FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBL+TBR',
  '9.1.4': 'FL+FR+FC+LFE+BL+BR+FLC+FRC+SL+SR+TFL+TFR+TBL+TBR',
}

/**
 * The bits of a layout by ffmpeg's name of it, or by the list that it has instead, as in `2 channels (FL+LFE)`; 0 for one that
 * says nothing of loudspeakers, or of others than a WAV file can have.
 *
 * @see FFmpeg/FFmpeg:libavutil/channel_layout.c `channel_layout_map`
 */
export function speakersOf(layout: string): number {
  const list = LAYOUTS[layout] ?? /^\d+ channels \((.+)\)$/.exec(layout)?.[1]
  const bits = list?.split('+').map((name) => SPEAKERS.indexOf(name)) ?? []
  const isInOrder = bits.every((bit, i) => bit > (bits[i - 1] ?? -1))
  return isInOrder ? bits.reduce((mask, bit) => mask | (1 << bit), 0) : 0
}

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
