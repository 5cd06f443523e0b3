/** How a file is read; the same record serves the probe and the decoder. */

import type { EngineSettings } from '../config.ts'
import type { Logger } from '../logger.ts'

export interface AudioOptions {
  /** Name or path of the ffmpeg program. */
  readonly ffmpegPath: string
  /** ffmpeg may be silent for so long while we wait for it; the time in which we keep it waiting does not count. */
  readonly timeoutSeconds: number
  /** Longest recording that is accepted. */
  readonly maxSeconds: number
  /** Aborting kills ffmpeg at once. */
  readonly signal?: AbortSignal | undefined
  readonly logger?: Logger | undefined
}

/** As the settings have it. */
export function audioOptions(
  {
    ffmpegPath,
    ffmpegTimeoutSeconds,
    maxAudioSeconds,
  }: Pick<EngineSettings, 'ffmpegPath' | 'ffmpegTimeoutSeconds' | 'maxAudioSeconds'>,
  ofCall: Pick<AudioOptions, 'signal' | 'logger'> = {},
): AudioOptions {
  return { ffmpegPath, timeoutSeconds: ffmpegTimeoutSeconds, maxSeconds: maxAudioSeconds, ...ofCall }
}
