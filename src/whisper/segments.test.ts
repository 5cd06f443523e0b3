import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generation, special } from '../../test/helpers/fakes/scripted-decoder.ts'
import { withoutHallucinations } from './hallucination.ts'
import { type GivenOptions, parseOptions } from './options.ts'
import { completePart, segmentsOf } from './segments.ts'
import type { TimedWord } from './timed-words.ts'
import type { WhisperTokenizer } from './tokenizer.ts'
import type { WindowText } from './window-decoder.ts'

const tokenizer = {
  decode: (tokens: readonly number[]) =>
    tokens
      .filter((token) => token < generation.eot)
      .map((token) => ` ${token}`)
      .join(''),
  bytesOf: (token: number) => Uint8Array.of(token % 256),
} as WhisperTokenizer

const at = (seconds: number) => special('0.00') + Math.round(seconds / 0.02)

function word(text: string, start: number, end: number, probability = 0.9): TimedWord {
  return { word: text, start, end, probability, tokens: [text.length] }
}

function windowText(tokens: readonly number[], words?: readonly TimedWord[]): WindowText {
  return {
    window: { samples: new Float32Array(20 * 16_000), startSeconds: 50, speech: [{ start: 51, end: 68 }] },
    decoded: {
      tokens,
      logprobs: tokens.map(() => -0.1),
      text: tokenizer.decode(tokens),
      language: 'pt',
      temperature: 0,
      avgLogprob: -0.1,
      compressionRatio: 1,
      noSpeechProb: 0,
      ended: 'eot',
    },
    words,
    retries: 0,
  }
}

function segments(text: WindowText, given: GivenOptions) {
  return segmentsOf(text, { options: parseOptions(given), tokenizer, ids: generation })
}

test('added text behind the timestamps is text, in every source of times', () => {
  const added = 51865
  const ids = { ...generation, addedText: new Set([added]) }
  const tokens = [at(0), 500, added, at(2.5), at(3), added, at(6)]
  const reads = {
    ...tokenizer,
    decode: (all: readonly number[]) => tokenizer.decode(all.map((id) => (id === added ? 7 : id))),
  }
  const found = segmentsOf(windowText(tokens), {
    options: parseOptions({ timestamps: 'tokens', logprobs: true }),
    tokenizer: reads as WhisperTokenizer,
    ids,
  })
  assert.deepEqual(
    found.map(({ start, end, text, logprobs }) => [start, end, text, logprobs?.map(({ token }) => token)]),
    [
      [50, 52.5, ' 500 7', [' 500', ' 7']],
      [53, 56, ' 7', [' 7']],
    ],
  )
  assert.equal(completePart([at(0), 500, at(4), at(4.5), added], ids)?.seconds, 4)
})

test('timestamp tokens cut a window at each consecutive pair, in seconds of the recording', () => {
  const tokens = [at(0), 500, 501, at(2.5), at(3), 502, at(6)]
  const found = segments(windowText(tokens), { timestamps: 'tokens' })
  assert.deepEqual(
    found.map(({ start, end, text }) => [start, end, text]),
    [
      [50, 52.5, ' 500 501'],
      [53, 56, ' 502'],
    ],
  )
})

test('each segment has the log-probability of its own text tokens', () => {
  const tokens = [at(0), 500, 501, at(2.5), at(3), 502, at(6)]
  const text = windowText(tokens)
  const decoded = { ...text.decoded, logprobs: tokens.map((_, i) => -i) }
  const found = segments({ ...text, decoded }, { timestamps: 'tokens', logprobs: true })
  assert.deepEqual(
    found.map(({ logprobs }) => logprobs?.map(({ token, bytes, logprob }) => [token, bytes, logprob])),
    [
      [
        [' 500', [244], -1],
        [' 501', [245], -2],
      ],
      [[' 502', [246], -5]],
    ],
  )
  assert.equal(segments(text, { timestamps: 'tokens' })[0]!.logprobs, undefined)
})

test('text behind the last timestamp lasts to the window’s end', () => {
  const [only] = segments(windowText([at(1), 500]), { timestamps: 'tokens' })
  assert.deepEqual([only!.start, only!.end], [51, 70])
})

test('without a source of times the speech that was found gives them', () => {
  const [only] = segments(windowText([500]), { timestamps: 'none' })
  assert.deepEqual([only!.start, only!.end], [51, 68])
})

test('by alignment a segment ends with a sentence and at a pause, and not at a comma', () => {
  const words = [
    word(' Bom', 51, 51.3),
    word(' dia,', 51.3, 51.6),
    word(' Ana.', 51.7, 52),
    word(' Eu', 52.1, 52.3),
    word(' vou', 54, 54.2),
  ]
  const found = segments(windowText([1], words), { timestamps: 'align' })
  assert.deepEqual(
    found.map(({ text }) => text),
    [' Bom dia, Ana.', ' Eu', ' vou'],
  )
  assert.deepEqual([found[0]!.start, found[0]!.end], [51, 52])
})

test('no segment ends behind an abbreviation, an ordinal or an initial', () => {
  const sentences = [
    ' And| Mr.| John| Dashwood| of| the| U.S.| Army.',
    ' am| 15.| Mai,| z.| B.| Autos.',
    ' o| Sr.| Silva| tem| R$ 1.| 500,| etc.| e| a| Sra.| J.| R.| Costa.',
  ]
  for (const sentence of sentences) {
    const words = sentence.split('|').map((text, i) => word(text, 51 + i * 0.3, 51.2 + i * 0.3))
    assert.equal(segments(windowText([1], words), { timestamps: 'align' }).length, 1, sentence)
  }
})

test('the marks of every script end a segment', () => {
  for (const pair of [' كيف حالك؟| نعم', ' है।| वह', ' ہے۔| وہ', ' է։| Ես', ' ነው።| እኔ', ' κάνεις;| Καλά', '好。|今']) {
    const words = pair.split('|').map((text, i) => word(text, 51 + i * 0.3, 51.2 + i * 0.3))
    assert.equal(segments(windowText([1], words), { timestamps: 'align' }).length, 2, pair)
  }
})

test('a segment of timestamp tokens begins and ends with its words where they are told', () => {
  const words = [word(' a', 50.1, 50.4), word(' bc', 53, 53.3)].map((w, i) => ({ ...w, tokens: [500 + i] }))
  const tokens = [at(0), 500, at(2.5), at(3), 501, at(6)]
  const found = segments(windowText(tokens, words), { timestamps: 'tokens', word_timestamps: true })
  assert.deepEqual(
    found.map(({ start, end }) => [start, end]),
    [
      [50.1, 50.4],
      [53, 53.3],
    ],
  )
})

test('words are shared out to the segments of timestamp tokens by the tokens that spell them', () => {
  const words = [word(' a', 50.1, 50.4), word(' bc', 53, 53.3)].map((w, i) => ({ ...w, tokens: [500 + i] }))
  const tokens = [at(0), 500, at(2.5), at(3), 501, at(6)]
  const found = segments(windowText(tokens, words), { timestamps: 'tokens', word_timestamps: true })
  assert.deepEqual(
    found.map((segment) => segment.words!.map(({ word }) => word)),
    [[' a'], [' bc']],
  )
})

test('a segment without a word is none', () => {
  assert.deepEqual(segments(windowText([at(0), at(5)]), { timestamps: 'tokens' }), [])
})

test('improbable words in the middle of silence are left out; the same words next to speech are kept', () => {
  const entry = (start: number, probability: number) => {
    const words = [
      word(' legendas', start, start + 0.3, probability),
      word(' por', start + 0.3, start + 0.6, probability),
    ]
    const [segment] = segments(windowText([1], words), { timestamps: 'align' })
    return { segment: segment!, words }
  }
  const lonely = [entry(10, 0.95), entry(30, 0.05), entry(60, 0.95)]
  assert.deepEqual(withoutHallucinations(lonely, 2, 70), [lonely[0], lonely[2]])
  const close = [entry(29, 0.95), entry(30, 0.05), entry(60, 0.95)]
  assert.equal(withoutHallucinations(close, 2, 70).length, 3)
})

test('text behind the last pair of timestamps is not complete, and the next window begins at that pair', () => {
  const goesOn = [at(0), 500, at(4), at(4.5), 501]
  assert.deepEqual(completePart(goesOn, generation), { tokens: [at(0), 500, at(4)], seconds: 4 })
  const endsInPair = [at(0), 500, at(4), at(4)]
  assert.deepEqual(completePart(endsInPair, generation), { tokens: [at(0), 500, at(4)], seconds: 4 })
  assert.equal(
    completePart([at(0), 500, at(4), at(5), 501, at(9)], generation),
    undefined,
    'a single one ends the window',
  )
  assert.equal(completePart([at(0), 500], generation), undefined)
})
