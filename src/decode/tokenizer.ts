/** Text to tokens and back, by Hugging Face's tokenizer library. */

import { Tokenizer } from '@huggingface/tokenizers'
import type { GenerationConfig, TokenizerFiles } from '../checkpoint/index.ts'

export class WhisperTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #eot: number

  constructor(files: TokenizerFiles, generation: GenerationConfig) {
    this.#tokenizer = new Tokenizer(files.tokenizer, files.config)
    this.#eot = generation.eot
  }

  /** Tokens of plain text; special tokens are never among them. */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids
  }

  /**
   * Text of tokens, special ones and timestamps left out (they all lie from eot on). A character that is cut in the
   * middle of its bytes comes out as U+FFFD.
   */
  decode(tokens: readonly number[]): string {
    const textTokens = tokens.filter((token) => token < this.#eot)
    if (textTokens.length === 0) return ''
    return this.#tokenizer.decode(textTokens, { clean_up_tokenization_spaces: false })
  }
}
