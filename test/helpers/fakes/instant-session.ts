/** A model that answers every window at once, whatever is in it. */

import { setImmediate } from 'node:timers/promises'
import type { DecodedWindow, EncodedWindow, ModelSession, WhisperTokenizer } from '../../../src/whisper/index.ts'
import { generation, VOCAB } from './scripted-decoder.ts'

const WORD = 1000

export interface InstantAnswers {
  readonly windowsAtOnce?: number
  /** Its text is doubtful at every temperature. */
  readonly isDoubtful?: boolean
  /** Where texts have timestamps, they say that the next window begins so many ticks of 20 ms after this one. */
  readonly seekTicks?: number
  /** Probability of the language that it hears. */
  readonly certainty?: number
}

export class InstantSession implements ModelSession {
  readonly model = { generation, tokenizer, maxTextContext: 448, vocabSize: VOCAB }
  readonly windowsAtOnce: number
  nEncoded = 0
  nAttempts = 0
  readonly #answers: Required<Omit<InstantAnswers, 'windowsAtOnce'>>

  constructor({ windowsAtOnce = 2, isDoubtful = false, seekTicks = 1000, certainty = 0.9 }: InstantAnswers = {}) {
    this.windowsAtOnce = windowsAtOnce
    this.#answers = { isDoubtful, seekTicks, certainty }
  }

  watch<T>(windows: AsyncIterable<T>): AsyncIterable<T> {
    return windows
  }

  async encode(_samples: Float32Array, audioContext: number): Promise<EncodedWindow> {
    this.nEncoded++
    const detectLanguage = async () => {
      await setImmediate()
      const { certainty } = this.#answers
      return new Map([
        ['pt', certainty],
        ['en', 1 - certainty],
      ])
    }
    return {
      audioContext,
      detectLanguage,
      decode: async ({ language: wanted, withTimestamps }, { temperature }) => {
        const language = typeof wanted === 'string' ? wanted : wanted.choose(await detectLanguage())
        await setImmediate()
        this.nAttempts++
        return this.#text(language, temperature, withTimestamps)
      },
      align: async (tokens) => ({
        data: new Float32Array(tokens.length * audioContext),
        nHeads: 1,
        nTokens: tokens.length,
        audioContext,
      }),
      [Symbol.dispose]() {},
    }
  }

  #text(language: string, temperature: number, withTimestamps: boolean): DecodedWindow {
    const { timestampBegin } = generation
    const pairAt = timestampBegin + this.#answers.seekTicks
    const tokens = withTimestamps ? [timestampBegin, WORD, pairAt, pairAt, WORD] : [WORD]
    const logprob = this.#answers.isDoubtful ? -5 : -0.1
    return {
      tokens,
      logprobs: tokens.map(() => logprob),
      text: tokenizer.decode(tokens),
      language,
      temperature,
      avgLogprob: logprob,
      compressionRatio: 1,
      noSpeechProb: 0,
      ended: 'eot',
    }
  }
}

const tokenizer = {
  decode: (tokens: readonly number[]) => tokens.map(() => ' fala').join(''),
  encode: (text: string) => text.split(/(?= )/).map(() => WORD),
} as WhisperTokenizer
