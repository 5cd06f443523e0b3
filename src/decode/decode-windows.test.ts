import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GenerationConfig } from '../checkpoint/index.ts'
import { standardLayout } from '../checkpoint/index.ts'
import { decodeWindows } from './decode-windows.ts'
import type { TextDecoder } from './greedy.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

const VOCAB = 51865
const layout = standardLayout(VOCAB)!
const special = (name: string) => layout.get(`<|${name}|>`)!

const generation: GenerationConfig = {
  isMultilingual: true,
  eot: special('endoftext'),
  sot: special('startoftranscript'),
  translate: special('translate'),
  transcribe: special('transcribe'),
  sotLm: special('startoflm'),
  sotPrev: special('startofprev'),
  noSpeech: special('nospeech'),
  noTimestamps: special('notimestamps'),
  timestampBegin: special('0.00'),
  languageIds: new Map(['en', 'pt'].map((code) => [code, special(code)])),
  suppressTokens: [1],
  beginSuppressTokens: [220, special('endoftext')],
  alignmentHeads: undefined,
}

/** Says what it is told to, row by row, and remembers what it was fed. */
class ScriptedDecoder implements TextDecoder {
  readonly nRows: number
  readonly fed: (readonly number[])[][] = []
  readonly #script: (row: number, step: number) => Readonly<Record<number, number>>

  constructor(nRows: number, script: (row: number, step: number) => Readonly<Record<number, number>>) {
    this.nRows = nRows
    this.#script = script
  }
  get length(): number {
    return this.fed.reduce((sum, tokens) => sum + tokens[0]!.length, 0)
  }
  async step(tokens: readonly (readonly number[])[]): Promise<Float32Array> {
    const logits = new Float32Array(this.nRows * VOCAB)
    for (let row = 0; row < this.nRows; row++) {
      for (const [token, logit] of Object.entries(this.#script(row, this.fed.length))) {
        logits[row * VOCAB + Number(token)] = logit
      }
    }
    this.fed.push(tokens.map((row) => [...row]))
    return logits
  }
}

const tokenizer = { decode: (tokens: readonly number[]) => tokens.join(' ') } as WhisperTokenizer
const options = {
  language: undefined,
  maxTextContext: 448,
  stopLoops: true,
  signal: new AbortController().signal,
}

test('the language is the likeliest of the first row, and the prompt of every row names it', async () => {
  const decoder = new ScriptedDecoder(2, (row, step) =>
    step === 0 ? { [special(row === 0 ? 'pt' : 'en')]: 9 } : { [step === 1 ? 500 : generation.eot]: 20 },
  )
  const windows = await decodeWindows(decoder, { generation, tokenizer }, options)

  assert.deepEqual(
    windows.map((window) => window.language),
    ['pt', 'pt'],
  )
  const prompt = [special('pt'), generation.transcribe, generation.noTimestamps]
  assert.deepEqual(decoder.fed.slice(0, 2), [
    [[generation.sot], [generation.sot]],
    [prompt, prompt],
  ])
})

test('a language that was asked for is not argued with', async () => {
  const decoder = new ScriptedDecoder(1, (_, step) => (step === 0 ? { [special('pt')]: 9 } : { [generation.eot]: 9 }))
  const [window] = await decodeWindows(decoder, { generation, tokenizer }, { ...options, language: 'en' })
  assert.equal(window!.language, 'en')
})

test('suppressed tokens are never chosen, nor an empty text while something else can be said', async () => {
  const decoder = new ScriptedDecoder(1, (_, step) =>
    step < 2 ? { 1: 50, 220: 49, [generation.eot]: 48, 700: 10 } : { 1: 50, 220: 49, 700: 10 },
  )
  const [window] = await decodeWindows(decoder, { generation, tokenizer }, { ...options, maxTextContext: 6 })
  assert.deepEqual(window!.tokens, [700, 220])
  assert.equal(window!.ended, 'length')
})

test('rows end on their own: one that has ended keeps its text while the others go on', async () => {
  const decoder = new ScriptedDecoder(2, (row, step) => ({
    [step - 1 <= (row === 0 ? 1 : 3) ? 600 + step : generation.eot]: 30,
  }))
  const windows = await decodeWindows(decoder, { generation, tokenizer }, { ...options, language: 'pt' })
  assert.deepEqual(
    windows.map((window) => window.tokens),
    [
      [601, 602],
      [601, 602, 603, 604],
    ],
  )
  assert.deepEqual(
    windows.map((window) => window.ended),
    ['eot', 'eot'],
  )
})

test('a row that loops is stopped at once and keeps one round', async () => {
  const decoder = new ScriptedDecoder(1, (_, step) => ({ [800 + (step % 3)]: 30 }))
  const [window] = await decodeWindows(decoder, { generation, tokenizer }, { ...options, language: 'pt' })
  assert.equal(window!.ended, 'loop')
  assert.deepEqual(window!.tokens, [801, 802, 800])
  assert.equal(decoder.fed.length, 13, 'sot, prompt and eleven tokens: the twelfth completes the fourth round')
})

test('an abort stops the search before the next step', async () => {
  const controller = new AbortController()
  const decoder = new ScriptedDecoder(1, (_, step) => {
    if (step === 4) controller.abort()
    return { [700 + step]: 30 }
  })
  const decoding = decodeWindows(decoder, { generation, tokenizer }, { ...options, signal: controller.signal })
  await assert.rejects(decoding, { name: 'AbortError' })
  assert.equal(decoder.fed.length, 5)
})
