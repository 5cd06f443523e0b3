/**
 * What a caller has the decoder read before the text: hotwords, a text that might have been said, the beginning of the
 * first window. Longer ones than fit are cut, and a warning says so.
 */

import type { TextModel } from './decoded-window.ts'
import type { DecodingOptions } from './options.ts'
import { promptRoom } from './prompt.ts'
import { withoutControlTokens } from './tokenizer.ts'

/** Characters that are made into tokens, several times what fits, so that a book costs no more than a page. */
const MOST_CHARACTERS = 4000

export class Hints {
  /** What did not fit; sentences. */
  readonly warnings: readonly string[]
  readonly prefix: readonly number[]
  readonly #hotwords: readonly number[]
  readonly #initial: readonly number[]
  readonly #room: number

  constructor(
    options: DecodingOptions,
    { tokenizer, maxTextContext }: Pick<TextModel, 'tokenizer' | 'maxTextContext'>,
  ) {
    const { initialPrompt, hotwords, prefix, conditionOnPreviousText } = options
    const encode = (text: string) => {
      const plain = withoutControlTokens(text.toWellFormed())
      return plain === '' ? [] : tokenizer.encode(` ${plain}`)
    }
    const endOf = (text = '') => (text === '' ? [] : encode(text.slice(-MOST_CHARACTERS)))
    this.#room = promptRoom(maxTextContext)

    const initial = endOf(initialPrompt)
    const words = hotwords ? encode(hotwords.slice(0, MOST_CHARACTERS)) : []
    // Hotwords stay for the whole recording, so they leave half of the room to a text that needs it.
    const wanted = conditionOnPreviousText ? this.#room : initial.length
    this.#hotwords = words.slice(0, Math.max(this.#room >> 1, this.#room - wanted))
    this.#initial = last(initial, this.#room - this.#hotwords.length)
    const beginning = endOf(prefix)
    this.prefix = last(beginning, this.#room)

    this.warnings = [
      ...cutWarning('The prompt is', 'its last', initial, this.#initial, initialPrompt),
      ...cutWarning('The hotwords (keywords) are', 'their first', words, this.#hotwords, hotwords),
      ...cutWarning('The prefix is', 'its last', beginning, this.prefix, prefix),
    ]
  }

  /**
   * Tokens before a window's text: hotwords first, then what was said, since the nearest context is the last.
   *
   * @param said  tokens of the windows before, where they are to be prompts.
   */
  before(said: readonly number[], withHotwords: boolean): readonly number[] {
    const hotwords = withHotwords ? this.#hotwords : []
    return [...hotwords, ...last([...this.#initial, ...said], this.#room - hotwords.length)]
  }
}

function last(tokens: readonly number[], n: number): readonly number[] {
  return tokens.slice(Math.max(0, tokens.length - n))
}

function cutWarning(
  what: string,
  which: string,
  { length: nTokens }: readonly number[],
  { length: nKept }: readonly number[],
  text = '',
): string[] {
  const isWhole = nKept === nTokens && text.length <= MOST_CHARACTERS
  return isWhole ? [] : [`${what} longer than what fits: ${which} ${nKept} tokens count.`]
}
