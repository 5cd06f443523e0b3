/** The channels of a track → the one that is transcribed. */

import { OptionInvalidError } from '../errors/index.ts'
import type { ChannelLayout } from './channels.ts'
import type { AudioOptions } from './ffmpeg.ts'
import { levelled } from './level.ts'
import { mixed, picked } from './mix.ts'

export type Hearing = Pick<AudioOptions, 'channel' | 'isOneOfAll'> & {
  /** Told once, before what may be speech is given for the first time. */
  readonly onSound?: () => void
}

/**
 * @param chunks  [N × channels] interleaved, whole frames, finite.
 * @returns       chunks of [N] 16 kHz mono samples in [-1, 1], N > 0.
 * @throws {OptionInvalidError} for a channel that is not there.
 */
export function heard(
  chunks: AsyncIterable<Float32Array>,
  layout: ChannelLayout,
  { channel = 'mix', isOneOfAll = false, onSound }: Hearing,
): AsyncIterable<Float32Array> {
  const { nChannels } = layout
  if (channel === 'mix') return levelled(nChannels === 1 ? chunks : mixed(chunks, layout), { onSound })
  if (channel > nChannels) {
    const channels = nChannels === 1 ? '1: the track has one channel' : `1 to ${nChannels}: the track has no more`
    throw new OptionInvalidError('channel', String(channel), `mix, each or ${channels}`)
  }
  if (isOneOfAll) return picked(levelled(chunks, { nChannels, onSound }), layout, channel)
  return levelled(picked(chunks, layout, channel), { onSound })
}
