/** A byte-level tokenizer with Whisper's layout of ids: 256 bytes, filler words, special tokens, timestamps. */

import { standardLayout } from '../../../src/checkpoint/index.ts'

/** A token behind the timestamps; one given by its content alone stands for text. */
export type AddedToken = string | { readonly content: string; readonly special: boolean }

/**
 * tokenizer.json for a vocabulary of 51864 (English-only), 51865 or 51866 tokens. It has no merges, so any text is
 * encoded byte by byte; a filler id decodes to " w<id>", which shows in a transcription what a random model said.
 *
 * @param added  tokens behind those.
 */
export function standardTokenizer(vocabSize: number, added: readonly AddedToken[] = []): Record<string, unknown> {
  const layout = standardLayout(vocabSize)
  if (!layout) throw new Error(`no standard layout for ${vocabSize} tokens`)
  const special = [...layout]
  const firstSpecial = special[0]![1]
  const vocab: Record<string, number> = {}
  for (const [id, symbol] of byteSymbols().entries()) vocab[symbol] = id
  for (let id = 256; id < firstSpecial; id++) vocab[`\u0120w${id}`] = id
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      ...special.map(([content, id]) => {
        return addedToken(id, content, !/^<\|\d+\.\d\d\|>$/.test(content)) // as published: timestamps are not "special"
      }),
      ...added.map((token, i) => {
        const { content, special } = typeof token === 'string' ? { content: token, special: false } : token
        return addedToken(vocabSize + i, content, special)
      }),
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab,
      merges: [],
    },
  }
}

function addedToken(id: number, content: string, special: boolean) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }
}

const written = new Map<number, string>()

/** The same as text, made once in a process: most files of tests write several checkpoints. */
export function standardTokenizerJson(vocabSize: number): string {
  const text = written.get(vocabSize) ?? JSON.stringify(standardTokenizer(vocabSize))
  written.set(vocabSize, text)
  return text
}

/** GPT-2's printable stand-ins for the 256 bytes, in its order of ids. @see openai/gpt-2:src/encoder.py */
export function byteSymbols(): string[] {
  const printable = [...range(33, 126), ...range(161, 172), ...range(174, 255)]
  const isPrintable = new Set(printable)
  const others = [...range(0, 255)].filter((byte) => !isPrintable.has(byte))
  return [...printable, ...others.map((_, i) => 256 + i)].map((code) => String.fromCodePoint(code))
}

function* range(from: number, to: number): Generator<number> {
  for (let i = from; i <= to; i++) yield i
}
