/** What counts as speech, under the names that the field uses. */

export interface SpeechOptions {
  /** Probability from which a frame begins speech, 0 to 1. It ends below `threshold` - 0.15. */
  readonly threshold: number
  /** Shorter stretches of speech are dropped; 0 keeps all. */
  readonly minSpeechDurationMs: number
  /** Speech on both sides of a shorter pause shares a window. */
  readonly minSilenceDurationMs: number
  /** Sound that is kept before and after each stretch of speech, at most 10 000. */
  readonly speechPadMs: number
  /** A longer stretch is cut, at a pause if it has one; 1 to 30. */
  readonly maxSpeechDurationS: number
}
