/** How likely each token of a window's text was, in the order of its segments. */

import type { DecodedWindow, WhisperTokenizer } from '../decode/index.ts'
import type { TokenLogprob } from '../transcript/index.ts'

/** Hands out the log-probabilities of a window's text tokens, piece after piece. */
export class TokenLogprobs {
  readonly #logprobs: readonly TokenLogprob[]
  #nTaken = 0

  constructor({ tokens, logprobs }: DecodedWindow, tokenizer: WhisperTokenizer, eot: number) {
    this.#logprobs = tokens.flatMap((token, i) => {
      if (token >= eot) return [] // a timestamp, which is no part of the text
      const bytes = tokenizer.bytesOf(token)
      return [{ token: tokenizer.decode([token]), bytes: [...bytes], logprob: logprobs[i]! }] // one for each token
    })
  }

  /** Those of the next `nTokens` text tokens. */
  take(nTokens: number): readonly TokenLogprob[] {
    const from = this.#nTaken
    this.#nTaken += nTokens
    return this.#logprobs.slice(from, this.#nTaken)
  }
}
