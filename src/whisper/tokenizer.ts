/** Text to tokens and back, by Hugging Face's tokenizer library. */

import { Tokenizer } from '@huggingface/tokenizers'
import type { GenerationConfig, TokenizerFiles } from '../checkpoint/index.ts'
import { isTextToken, type TokenIds } from './token-kinds.ts'

/** Characters by which byte-level BPE writes each byte: printable ones of Latin-1 as they are, the others from U+0100 on. */
const BYTE_OF_CHARACTER = byteCharacters()

/** What is written like one of Whisper's control tokens, with the blanks around it. */
const CONTROL_TOKEN = /\s*<\|[^<|>]*\|>\s*/g

/** A caller's text without what would steer the decoder rather than be said, and without blanks at its ends. */
export function withoutControlTokens(text: string): string {
  return text.replace(CONTROL_TOKEN, ' ').trim()
}

export class WhisperTokenizer {
  readonly #tokenizer: Tokenizer
  readonly #ids: TokenIds

  constructor(files: TokenizerFiles, generation: GenerationConfig) {
    this.#tokenizer = new Tokenizer(files.tokenizer, files.config)
    this.#ids = generation
  }

  /** Tokens of plain text. Special tokens are never among them: what is written like one in the text is left out. */
  encode(text: string): number[] {
    // The library takes "<|endoftext|>" for the token whatever `add_special_tokens` says.
    const { ids } = this.#tokenizer.encode(text, { add_special_tokens: false })
    return ids.filter((id: number) => isTextToken(this.#ids, id))
  }

  /**
   * Text of tokens, special ones and timestamps left out. A character that is cut in the middle of its bytes comes out as
   * U+FFFD.
   */
  decode(tokens: readonly number[]): string {
    const textTokens = tokens.filter((token) => isTextToken(this.#ids, token))
    if (textTokens.length === 0) return ''
    return this.#tokenizer.decode(textTokens, { clean_up_tokenization_spaces: false })
  }

  /** The bytes in UTF-8 that a text token stands for, which may be a part of a character. */
  bytesOf(token: number): Uint8Array {
    const content = this.#tokenizer.id_to_token(token) ?? ''
    if (this.#ids.addedText.has(token)) return new TextEncoder().encode(content) // an added token, which is written as it is
    const written = [...content]
    return Uint8Array.from(written, (character) => BYTE_OF_CHARACTER.get(character)!) // by construction of the vocabulary
  }
}

/** @see openai/gpt-2:src/encoder.py `bytes_to_unicode` */
function byteCharacters(): ReadonlyMap<string, number> {
  const isPrintable = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  let nOthers = 0
  const entries = Array.from({ length: 256 }, (_, byte): [string, number] => [
    String.fromCodePoint(isPrintable(byte) ? byte : 0x100 + nOthers++),
    byte,
  ])
  return new Map(entries)
}
