/**
 * Tokens → words.
 *
 * @see openai/whisper:whisper/tokenizer.py `split_to_word_tokens`; openai/whisper:whisper/timing.py
 *      `merge_punctuations`
 */

import { isWrittenWithoutSpaces } from '../transcript/index.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

/** A word as it is written, with the space before it, and the tokens that spell it. */
export interface SpelledWord {
  readonly text: string
  readonly tokens: readonly number[]
}

/** Marks that belong to the word after them, and to the word before. */
const PREPENDED = '"\'“¿([{-'
const APPENDED = '"\'.。,，!！?？:：”)]}、'

/** Words of a text whose joined texts are that text; punctuation stands with its word. */
export function splitWords(tokens: readonly number[], language: string, tokenizer: WhisperTokenizer): SpelledWord[] {
  const pieces = splitCharacters(tokens, tokenizer)
  return mergePunctuation(isWrittenWithoutSpaces(language) ? pieces : joinAtSpaces(pieces))
}

/** The shortest runs of tokens that decode to whole characters; one character may take several tokens. */
function splitCharacters(tokens: readonly number[], tokenizer: WhisperTokenizer): SpelledWord[] {
  const REPLACEMENT = '\uFFFD'
  const whole = tokenizer.decode(tokens)
  const pieces: SpelledWord[] = []
  let run: number[] = []
  let length = 0
  for (const token of tokens) {
    run.push(token)
    const text = tokenizer.decode(run)
    // A replacement character that the text itself has there is no sign of a cut character.
    if (text.includes(REPLACEMENT) && whole[length + text.indexOf(REPLACEMENT)] !== REPLACEMENT) continue
    pieces.push({ text, tokens: run })
    length += text.length
    run = []
  }
  if (run.length > 0) pieces.push({ text: tokenizer.decode(run), tokens: run })
  return pieces
}

/** A piece begins a word when it begins with a space or is a mark of punctuation. */
function joinAtSpaces(pieces: readonly SpelledWord[]): SpelledWord[] {
  const words: SpelledWord[] = []
  for (const piece of pieces) {
    const last = words.at(-1)
    if (!last || piece.text.startsWith(' ') || /^[\p{P}\p{S}]+$/u.test(piece.text.trim())) words.push(piece)
    else words[words.length - 1] = joined(last, piece)
  }
  return words
}

function mergePunctuation(words: readonly SpelledWord[]): SpelledWord[] {
  const withOpening: SpelledWord[] = []
  for (const word of words.toReversed()) {
    const next = withOpening.at(-1)
    const isOpening = word.text.startsWith(' ') && isOneOf(PREPENDED, word.text.trim())
    if (next && isOpening) withOpening[withOpening.length - 1] = joined(word, next)
    else withOpening.push(word)
  }
  const merged: SpelledWord[] = []
  for (const word of withOpening.toReversed()) {
    const last = merged.at(-1)
    if (last && !last.text.endsWith(' ') && isOneOf(APPENDED, word.text)) merged[merged.length - 1] = joined(last, word)
    else merged.push(word)
  }
  return merged
}

function isOneOf(marks: string, text: string): boolean {
  return text !== '' && [...text].every((mark) => marks.includes(mark))
}

function joined(a: SpelledWord, b: SpelledWord): SpelledWord {
  return { text: a.text + b.text, tokens: [...a.tokens, ...b.tokens] }
}
