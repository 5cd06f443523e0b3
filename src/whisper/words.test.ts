import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WhisperTokenizer } from './tokenizer.ts'
import { splitWords } from './words.ts'

/** A tokenizer whose tokens are the given bytes. */
function tokenizerOf(pieces: readonly (string | readonly number[])[]): {
  tokens: number[]
  tokenizer: WhisperTokenizer
} {
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? [...Buffer.from(piece)] : piece))
  const decode = (tokens: readonly number[]) => Buffer.from(tokens.flatMap((token) => bytes[token]!)).toString('utf8')
  return { tokens: pieces.map((_, i) => i), tokenizer: { decode } as WhisperTokenizer }
}

function words(pieces: readonly (string | readonly number[])[], language = 'pt'): string[] {
  const { tokens, tokenizer } = tokenizerOf(pieces)
  return splitWords(tokens, language, tokenizer).map(({ text }) => text)
}

test('pieces of a word are joined, and a space begins the next one', () => {
  assert.deepEqual(words([' Fis', 'iche', 'lla', ' per', 'deu']), [' Fisichella', ' perdeu'])
})

test('punctuation stands with the word before it, opening marks with the word behind', () => {
  assert.deepEqual(words([' Olá', ',', ' mundo', '!', ' “', 'sim', '”', '.']), [' Olá,', ' mundo!', ' “sim”.'])
})

test('a character whose bytes lie in several tokens is one piece', () => {
  const bytes = [...Buffer.from('ção')] // two bytes each for ç and ã
  assert.deepEqual(words([' na', bytes.slice(0, 1), bytes.slice(1, 3), bytes.slice(3)]), [' nação'])
})

test('languages without spaces are split at every character', () => {
  assert.deepEqual(words(['今', '日', 'は', '。'], 'ja'), ['今', '日', 'は。'])
})

test('the words joined are the text, and all tokens are there in order', () => {
  const { tokens, tokenizer } = tokenizerOf([' Um', ' (', 'dois', ')', ' três', '?', ' $', '5'])
  const found = splitWords(tokens, 'pt', tokenizer)
  assert.equal(found.map(({ text }) => text).join(''), tokenizer.decode(tokens))
  assert.deepEqual(
    found.flatMap(({ tokens }) => tokens),
    tokens,
  )
})
