/** A model that has been opened, however it is run. */

import type { StepCounts } from '../batching/index.ts'
import type { GenerationConfig } from '../checkpoint/index.ts'
import type { WhisperTokenizer } from '../decode/index.ts'
import type { WindowModel } from '../transcribe/index.ts'

export interface LoadedModel extends AsyncDisposable {
  readonly generation: GenerationConfig
  readonly tokenizer: WhisperTokenizer
  /** Of all requests together, since the model was opened. */
  readonly stepCounts: StepCounts
  /** The model for one request, whose windows share its time with those of other requests. */
  forRequest(signal: AbortSignal): WindowModel
  /**
   * Gives back what is not needed while there is nothing to do.
   *
   * @param isOverLimit  it has more of a device's memory than it may, so what would be needed soon goes too.
   */
  rest?(isOverLimit: boolean): Promise<void>
}
