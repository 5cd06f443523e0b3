/** Whether all that a recording promises came out, in a sentence for the caller. An intact file is told nothing of. */

/** Encoders and headers round; a player shows no less. */
const TOLERANCE_SECONDS = 0.5

export interface Reading {
  /** The header's promise where it is exact; undefined for an estimate, or where pictures may be what goes on. */
  readonly promisedSeconds: number | undefined
  /** From the recording's start to the last sample. */
  readonly seconds: number
  /** Gaps of the recording that were closed. */
  readonly closedSeconds: number
  /** The structure of the file, or its decoder, says that something is missing. */
  readonly isDamaged: boolean
}

/** @returns the sentences that the answer has to tell, mostly none. */
export function shortcomings({ promisedSeconds, seconds, closedSeconds, isDamaged }: Reading): string[] {
  const isShort = promisedSeconds !== undefined && promisedSeconds - seconds > TOLERANCE_SECONDS
  return [
    ...(isShort
      ? [
          `The recording is cut off or damaged: of the ${inSeconds(promisedSeconds)} that it promises, ${inSeconds(seconds)} could be read.`,
        ]
      : isDamaged
        ? ['The recording is cut off or damaged; what can be read of it was used.']
        : []),
    ...(closedSeconds > 0
      ? [
          `The recording's clock jumps by ${inSeconds(closedSeconds)}, which is not believed: the sound goes on there at once.`,
        ]
      : []),
  ]
}

const inSeconds = (seconds: number) => `${seconds.toFixed(1)} s`
