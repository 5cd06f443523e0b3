/** A window's text → segments with times, by whichever source of times was asked for. */

import { endsSentence } from '../sentence-end.ts'
import type { Segment, TokenLogprob, Word } from '../transcript/index.ts'
import { SECONDS_PER_POSITION } from '../whisper-constants.ts'
import type { DecodedWindow } from './decoded-window.ts'
import type { DecodingOptions } from './options.ts'
import { qualityOf } from './quality.ts'
import type { TimedWord } from './timed-words.ts'
import { isTextToken, isTimestampToken, type TokenIds } from './token-kinds.ts'
import type { WhisperTokenizer } from './tokenizer.ts'
import type { WindowText } from './window-decoder.ts'
import { type Span, windowEnd } from './windows.ts'

/** A pause that ends a segment even in the middle of a sentence, in seconds. */
const SEGMENT_PAUSE = 1

/** Numbered once all segments of the recording are known. */
export type UnnumberedSegment = Omit<Segment, 'id'>

interface Piece extends Span {
  readonly text: string
  readonly tokens: readonly number[]
  readonly words: readonly TimedWord[] | undefined
}

export interface SegmentContext {
  readonly options: DecodingOptions
  readonly tokenizer: WhisperTokenizer
  readonly ids: TokenIds
}

export function segmentsOf(text: WindowText, context: SegmentContext): UnnumberedSegment[] {
  const { decoded, retries } = text
  const { options, tokenizer, ids } = context
  const logprobs = options.logprobs ? new TokenLogprobs(decoded, tokenizer, ids) : undefined
  const nTextTokens = ({ tokens }: Piece) => tokens.filter((token) => isTextToken(ids, token)).length
  return pieces(text, context)
    .map((piece) => ({ ...piece, logprobs: logprobs?.take(nTextTokens(piece)) }))
    .filter((piece) => piece.text.trim() !== '')
    .map((piece) => ({
      // A segment whose words are told begins and ends with them, wherever its own times are from.
      ...(options.wordTimestamps && piece.words?.length ? spanOf(piece.words) : { start: piece.start, end: piece.end }),
      text: piece.text,
      tokens: piece.tokens,
      temperature: decoded.temperature,
      avgLogprob: decoded.avgLogprob,
      compressionRatio: decoded.compressionRatio,
      noSpeechProb: decoded.noSpeechProb,
      words: options.wordTimestamps ? piece.words?.map(withoutTokens) : undefined,
      logprobs: piece.logprobs,
      quality: qualityOf(decoded, options),
      retries,
      language: decoded.language,
    }))
}

function pieces(text: WindowText, context: SegmentContext): Piece[] {
  const { timestamps } = context.options
  if (timestamps === 'tokens') return byTimestampTokens(text, context)
  if (timestamps === 'align' && text.words !== undefined) return byWords(text.words)
  const { window, decoded, words } = text
  const start = window.speech[0]?.start ?? window.startSeconds
  const end = window.speech.at(-1)?.end ?? windowEnd(window)
  return [{ start, end, text: decoded.text, tokens: decoded.tokens, words }]
}

/** Breaks at the ends of sentences and at pauses. */
function byWords(words: readonly TimedWord[]): Piece[] {
  const groups: TimedWord[][] = []
  for (const [i, word] of words.entries()) {
    const pause = i > 0 ? word.start - words[i - 1]!.end : Number.POSITIVE_INFINITY
    if (pause > SEGMENT_PAUSE || endsSentence(words, i - 1, pause)) groups.push([word])
    else groups.at(-1)!.push(word)
  }
  return groups.map(pieceOfWords)
}

function pieceOfWords(words: readonly TimedWord[]): Piece {
  return {
    ...spanOf(words),
    text: words.map((word) => word.word).join(''),
    tokens: words.flatMap((word) => word.tokens),
    words,
  }
}

/** From the start of the first word to the end of the last. */
function spanOf(words: readonly TimedWord[]): Span {
  return { start: words[0]!.start, end: words.at(-1)!.end }
}

/**
 * Breaks where one timestamp token follows another; a text without them is one piece to the window's end.
 *
 * @see openai/whisper:whisper/transcribe.py — slicing by consecutive timestamps.
 */
function byTimestampTokens({ window, decoded, words }: WindowText, { tokenizer, ids }: SegmentContext): Piece[] {
  const found: Piece[] = []
  const seconds = (token: number) => window.startSeconds + (token - ids.timestampBegin) * SECONDS_PER_POSITION
  const isTimestamp = (token: number) => isTimestampToken(ids, token)
  let start = window.startSeconds
  let tokens: number[] = []
  let usedWords = 0
  const close = (end: number) => {
    const nTextTokens = tokens.filter((token) => !isTimestamp(token)).length
    const ofPiece = words && takeWords(words, usedWords, nTextTokens)
    usedWords += ofPiece?.length ?? 0
    found.push({ start, end: Math.min(end, windowEnd(window)), text: tokenizer.decode(tokens), tokens, words: ofPiece })
    tokens = []
  }
  for (const token of decoded.tokens) {
    const hasText = tokens.some((other) => !isTimestamp(other))
    tokens.push(token)
    if (!isTimestamp(token)) continue
    if (hasText) close(seconds(token))
    start = seconds(token)
  }
  if (tokens.some((token) => !isTimestamp(token))) close(windowEnd(window))
  return found
}

/**
 * The complete part of a window's text, and where the next window should begin: a text that goes on behind the last pair
 * of timestamps, or that ends with one, says that there is more after it. A last timestamp that stands alone says that
 * nothing follows.
 *
 * @returns tokens up to the last pair, and the pair's seconds in the window; undefined where the window is exhausted.
 * @see openai/whisper:whisper/transcribe.py `single_timestamp_ending`
 */
export function completePart(
  tokens: readonly number[],
  ids: Pick<TokenIds, 'timestampBegin'>,
): { readonly tokens: readonly number[]; readonly seconds: number } | undefined {
  const isTimestamp = (token: number | undefined) => isTimestampToken(ids, token)
  const endsAlone = isTimestamp(tokens.at(-1)) && !isTimestamp(tokens.at(-2))
  const pair = tokens.findLastIndex((token, i) => i > 0 && isTimestamp(token) && isTimestamp(tokens[i - 1]))
  if (pair < 0 || endsAlone) return undefined
  return { tokens: tokens.slice(0, pair), seconds: (tokens[pair - 1]! - ids.timestampBegin) * SECONDS_PER_POSITION }
}

/** Words from index `from` on that `nTokens` tokens spell. */
export function takeWords(words: readonly TimedWord[], from: number, nTokens: number): TimedWord[] {
  const taken: TimedWord[] = []
  for (let i = from, left = nTokens; i < words.length && left > 0; i++) {
    taken.push(words[i]!)
    left -= words[i]!.tokens.length
  }
  return taken
}

function withoutTokens({ word, start, end, probability }: TimedWord): Word {
  return { word, start, end, probability }
}

/** Hands out the log-probabilities of a window's text tokens, piece after piece. */
class TokenLogprobs {
  readonly #logprobs: readonly TokenLogprob[]
  #nTaken = 0

  constructor({ tokens, logprobs }: DecodedWindow, tokenizer: WhisperTokenizer, ids: TokenIds) {
    this.#logprobs = tokens.flatMap((token, i) => {
      if (!isTextToken(ids, token)) return [] // a timestamp, which is no part of the text
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
