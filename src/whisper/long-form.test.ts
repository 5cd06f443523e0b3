import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InstantSession } from '../../test/helpers/fakes/instant-session.ts'
import { generation, ScriptedDecoder, special, VOCAB } from '../../test/helpers/fakes/scripted-decoder.ts'
import type { Segment } from '../transcript/index.ts'
import { FRAME_SAMPLES } from '../vad/index.ts'
import type { AlignmentScores } from './alignment.ts'
import { decodeBySteps, detectLanguage, hypothesesOf } from './decode-window.ts'
import { type LongFormContext, transcribeLongForm } from './long-form.ts'
import type { EncodedWindow, ModelSession } from './model.ts'
import { type GivenOptions, parseOptions } from './options.ts'
import { sotSequence } from './prompt.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

const RATE = 16_000

/** What a window says; `isSure` makes its tokens likely, `isSilent` its no-speech token. */
interface Answer {
  readonly words: readonly string[]
  readonly isSure?: boolean
  readonly isSilent?: boolean
  /** What it says without a prompt, where that is something else. */
  readonly unprompted?: Answer
  readonly language?: string
}

/** Every word is a token of its own. */
const vocabulary: string[] = []
const tokenizer = {
  decode: (tokens: readonly number[]) => tokens.map((token) => vocabulary[token - 1000]).join(''),
  encode: (text: string) => text.split(/(?= )/).map(tokenOf),
} as WhisperTokenizer

function tokenOf(word: string): number {
  if (!vocabulary.includes(word)) vocabulary.push(word)
  return 1000 + vocabulary.indexOf(word)
}

/** Answers the windows from a list, in the order in which they are encoded, and remembers how it was asked. */
class ScriptedModel implements ModelSession {
  readonly model = { generation, tokenizer, maxTextContext: 448, vocabSize: VOCAB }
  readonly windowsAtOnce = 2
  readonly encoded: { readonly audioContext: number; readonly seconds: number }[] = []
  /** Windows that are open, and the most that were. */
  nOpen = 0
  /** Seconds of a window at which attention stops. */
  endOfAlignment = Number.POSITIVE_INFINITY
  mostOpen = 0
  readonly prompts: (readonly number[])[] = []
  readonly #answers: Answer[]

  constructor(answers: Answer[]) {
    this.#answers = answers
  }

  watch<T>(windows: AsyncIterable<T>): AsyncIterable<T> {
    return windows
  }

  async encode(samples: Float32Array, audioContext: number): Promise<EncodedWindow> {
    const seconds = samples.length / RATE
    this.encoded.push({ audioContext, seconds })
    this.mostOpen = Math.max(this.mostOpen, ++this.nOpen)
    const given = this.#answers.shift() ?? { words: [' fala'] }
    let isOpen = true
    return {
      audioContext,
      decode: async (prompt, options) => {
        const answer = (prompt.previous.length === 0 && given.unprompted) || given
        const { language: wanted } = prompt
        const language =
          typeof wanted === 'string'
            ? wanted
            : wanted.choose(await detectLanguage(this.#decoder(answer, 1), generation, wanted.among))
        const decoder = this.#decoder(answer, hypothesesOf(options))
        return await decodeBySteps(decoder, this.model, { ...prompt, language }, options)
      },
      detectLanguage: async (among) => await detectLanguage(this.#decoder(given, 1), generation, among),
      align: async (tokens) => evenly(tokens.length, audioContext, Math.min(seconds, this.endOfAlignment)),
      [Symbol.dispose]: () => {
        if (isOpen) this.nOpen--
        isOpen = false
      },
    }
  }

  #decoder(answer: Answer, nRows: number): ScriptedDecoder {
    return new ScriptedDecoder(nRows, (fed) => this.#say(answer, fed))
  }

  #say(
    { words, isSure = true, isSilent = false, language = 'pt' }: Answer,
    fed: readonly number[],
  ): Record<number, number> {
    if (fed.at(-1) === generation.sot) return { [special(language)]: 9, [generation.noSpeech]: isSilent ? 40 : -40 }
    const promptEnd = fed.indexOf(generation.noTimestamps) + 1
    if (fed.length === promptEnd) this.prompts.push(fed)
    const next = words[fed.length - promptEnd]
    return { [next === undefined ? generation.eot : tokenOf(next)]: isSure ? 30 : 1 }
  }
}

/** Attention that walks evenly from the beginning of the recording to its end. */
function evenly(nTokens: number, audioContext: number, seconds: number): AlignmentScores {
  const prompt = sotSequence(generation, { language: 'pt', task: 'transcribe', withTimestamps: false }).length
  const data = new Float32Array(nTokens * audioContext)
  const nRows = nTokens - prompt
  const perToken = (seconds * 50) / nRows
  for (let row = 0; row < nRows; row++) {
    const from = (prompt - 1 + row) * audioContext
    data.fill(9, from + Math.round(row * perToken), from + Math.round((row + 1) * perToken))
  }
  return { data, nHeads: 1, nTokens, audioContext }
}

function noise(seconds: number): Float32Array {
  return Float32Array.from({ length: seconds * RATE }, (_, i) => Math.sin(i * 0.3) * 0.1)
}

/** Half a second of silence at 29 s and 58 s, where the cuts fall. */
function threeWindows(): Float32Array {
  const samples = noise(80)
  for (const pause of [29, 58]) samples.fill(0, pause * RATE, (pause + 0.5) * RATE)
  return samples
}

async function transcribe(
  samples: Float32Array,
  model: ModelSession,
  given: GivenOptions = {},
  context: Partial<LongFormContext> = {},
) {
  async function* once() {
    yield samples
  }
  return await transcribeLongForm(once(), {
    session: model,
    options: parseOptions({ vad_filter: false, timestamps: 'none', beam_size: 1, max_new_tokens: 60, ...given }),
    speechProbability: async (frames) => new Float32Array(frames.length / FRAME_SAMPLES).fill(1),
    language: undefined,
    signal: new AbortController().signal,
    ...context,
  })
}

test('the text of all windows is joined in order, and the language of the first holds for the rest', async () => {
  const model = new ScriptedModel([{ words: [' um'] }, { words: [' dois'], language: 'es' }, { words: [' três'] }])
  const result = await transcribe(threeWindows(), model)
  assert.equal(result.text, 'um dois três')
  assert.equal(result.language, 'pt')
  assert.equal(result.durationSeconds, 80)
  assert.ok(result.languageProbability! > 0.9)
  for (const prompt of model.prompts) assert.ok(prompt.includes(special('pt')))
  assert.deepEqual(
    result.segments.map((segment) => segment.id),
    [0, 1, 2],
  )
  assert.equal(result.statistics.windows, 3)
})

test('segments are told window by window, in order and with their numbers, and are those of the result', async () => {
  const model = new ScriptedModel([{ words: [' um'] }, { words: [' dois'] }, { words: [' três'] }])
  const told: (readonly Segment[])[] = []
  const context = { language: 'pt', onSegments: (segments: readonly Segment[]) => void told.push(segments) }
  const result = await transcribe(threeWindows(), model, {}, context)
  assert.equal(told.length, 3)
  assert.deepEqual(told.flat(), result.segments)
})

test('where a segment may be dropped later, all are told at the end', async () => {
  const told: (readonly Segment[])[] = []
  const context = { language: 'pt', onSegments: (segments: readonly Segment[]) => void told.push(segments) }
  const result = await transcribe(
    threeWindows(),
    new ScriptedModel([]),
    { hallucination_silence_threshold: 2, word_timestamps: true },
    context,
  )
  assert.deepEqual(told, [result.segments])
})

test('detection chooses among the languages that are allowed, however unlikely', async () => {
  const result = await transcribe(threeWindows(), new ScriptedModel([]), { languages: 'es,fr' })
  assert.ok(['es', 'fr'].includes(result.language), result.language)
  assert.ok(result.statistics.languageVotes.every(([language]) => ['es', 'fr'].includes(language)))
})

test('windows are under way together, as many as the model wants, and none stays open', async () => {
  const model = new ScriptedModel([])
  await transcribe(threeWindows(), model, {}, { language: 'pt' })
  assert.equal(model.mostOpen, 2)
  assert.equal(model.nOpen, 0)
  const one = new ScriptedModel([])
  await transcribe(threeWindows(), one, { batch_size: 1 }, { language: 'pt' })
  assert.equal(one.mostOpen, 1)
})

test('a window that fails leaves none of the others open', async () => {
  const model = new ScriptedModel([])
  const encode = model.encode.bind(model)
  let nCalls = 0
  model.encode = async (samples, audioContext) => {
    if (++nCalls === 2) throw new Error('no memory')
    return await encode(samples, audioContext)
  }
  await assert.rejects(transcribe(threeWindows(), model, {}, { language: 'pt' }), /no memory/)
  assert.equal(model.nOpen, 0)
})

test('a short recording is encoded with a short context, at least 12 s and 5 s more than the sound', async () => {
  for (const [seconds, positions] of [
    [1, 600],
    [7, 600],
    [9, 700],
    [20, 1250],
    [26, 1500],
  ] as const) {
    const model = new ScriptedModel([])
    await transcribe(noise(seconds), model)
    assert.deepEqual(
      model.encoded.map((call) => call.audioContext),
      [positions],
    )
  }
  const full = new ScriptedModel([])
  await transcribe(noise(3), full, { audio_context: 'full' })
  assert.equal(full.encoded[0]!.audioContext, 1500)
})

test('a doubtful window is decoded again at the full context, and that answer stands', async () => {
  const loop = { words: Array.from({ length: 40 }, () => ' obrigado') }
  for (const doubtful of [loop, { words: [' errado'], isSure: false }]) {
    const model = new ScriptedModel([doubtful, { words: [' certo'] }])
    const result = await transcribe(noise(5), model)
    assert.equal(result.text, 'certo')
    assert.deepEqual(
      model.encoded.map((call) => call.audioContext),
      [600, 1500],
    )
    assert.equal(result.statistics.contextRepeats, 1)
    assert.equal(result.segments[0]!.retries, 1)
    assert.equal(result.segments[0]!.quality, 'ok')
  }
})

/** Speech is what is loud. */
async function loudness(frames: Float32Array): Promise<Float32Array> {
  return Float32Array.from({ length: frames.length / FRAME_SAMPLES }, (_, i) =>
    frames.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES).some((sample) => Math.abs(sample) > 0.05) ? 0.9 : 0,
  )
}

/** So many sounds of 0.4 s with pauses of 0.4 s between them, and 0.8 s of silence in which a text's eot has its place. */
function sounds(count: number): Float32Array {
  const samples = noise(count * 0.8 + 0.8)
  for (let i = 0; i < count; i++) samples.fill(0.001, (i * 0.8 + 0.4) * RATE, (i + 1) * 0.8 * RATE)
  return samples.fill(0.001, count * 0.8 * RATE)
}

const ALIGNED = { vad_filter: true, timestamps: 'align', speech_pad_ms: 2000 }

test('what is said eight times is written eight times, is no doubt, and is decoded once', async () => {
  const model = new ScriptedModel([{ words: [...Array(8).fill(' não'), ' fim'] }])
  const { text, segments } = await transcribe(sounds(9), model, ALIGNED, { speechProbability: loudness })
  assert.equal(text, `${'não '.repeat(8)}fim`)
  assert.ok(segments.every(({ quality, retries }) => quality === 'ok' && retries === 0))
})

test('a loop that speech cannot hold is stopped, and what stays of it has sound of its own', async () => {
  const loop = { words: Array(200).fill(' não') }
  const model = new ScriptedModel(Array(7).fill(loop))
  const given = { ...ALIGNED, temperature: '0' }
  model.endOfAlignment = 0.9
  const { text, segments } = await transcribe(sounds(3), model, given, { speechProbability: loudness })
  assert.ok(text.split(' ').length <= 4, text)
  assert.equal(segments[0]!.quality, 'repetition')
})

test('a word that is left out behind a pause is decoded on its own', async () => {
  const model = new ScriptedModel([{ words: [' um', ' dois'] }, { words: [' três'] }])
  model.endOfAlignment = 2.4
  const { text, statistics } = await transcribe(sounds(3), model, ALIGNED, { speechProbability: loudness })
  assert.equal(text, 'um dois três')
  assert.equal(statistics.coverageRetries, 1)
})

test('a bit of the last word that is heard on its own is not written twice', async () => {
  const model = new ScriptedModel([{ words: [' um', ' dois'] }, { words: [' Dois.'] }])
  model.endOfAlignment = 2.4
  assert.equal((await transcribe(sounds(3), model, ALIGNED, { speechProbability: loudness })).text, 'um dois')
})

test('a prompt that comes back over noise is not written; where it is heard without the prompt it is', async () => {
  for (const [unprompted, expected] of [
    [{ words: [' um'], isSilent: true }, ''],
    [{ words: [' vila'] }, 'vila'],
  ] as const) {
    const model = new ScriptedModel([{ words: [' vila'], isSure: false, unprompted }])
    const { text } = await transcribe(noise(3), model, { initial_prompt: 'vila', log_prob_threshold: -20 })
    assert.equal(text, expected)
  }
})

test('without speech detection, unsure text where nobody speaks is left out, and sure text stays', async () => {
  const silent = { speechProbability: async (f: Float32Array) => new Float32Array(f.length / FRAME_SAMPLES) }
  for (const [answer, expected] of [
    [{ words: [' Obrigado'], isSure: false }, ''],
    [{ words: [' Thanks', ' for', ' watching'] }, ''],
    [{ words: [' la', ' vie', ' en', ' rose'] }, 'la vie en rose'],
  ] as const) {
    const given = { temperature: '0', audio_context: 'full' }
    assert.equal((await transcribe(noise(3), new ScriptedModel([answer]), given, silent)).text, expected)
    const heard = await transcribe(noise(3), new ScriptedModel([answer]), given)
    assert.equal(heard.text, answer.words.join('').trim())
  }
})

test('only the bad windows of a batch are decoded again', async () => {
  const model = new ScriptedModel([{ words: [' bom'] }, { words: [' mau'], isSure: false }, { words: [' fim'] }])
  const result = await transcribe(threeWindows(), model, { temperature: '0,0.4' })
  assert.equal(result.statistics.temperatureRetries, 1)
  assert.deepEqual(
    result.segments.map((segment) => segment.retries),
    [0, 1, 0],
  )
})

test('where every temperature fails, the surest text is kept and marked', async () => {
  const unsure = { words: [' talvez'], isSure: false }
  const model = new ScriptedModel([unsure, unsure])
  const result = await transcribe(noise(5), model, { temperature: '0,0.2,0.4' })
  assert.equal(result.segments[0]!.quality, 'low_confidence')
  assert.equal(result.statistics.temperatureRetries, 2)
  assert.equal(result.warnings.length, 1)
})

test('a single temperature means no ladder', async () => {
  const model = new ScriptedModel([
    { words: [' talvez'], isSure: false },
    { words: [' talvez'], isSure: false },
  ])
  const result = await transcribe(noise(5), model, { temperature: 0 })
  assert.equal(result.statistics.temperatureRetries, 0)
})

test('digital silence never reaches the model and gives an empty text', async () => {
  const model = new ScriptedModel([])
  const result = await transcribe(new Float32Array(40 * RATE), model)
  assert.equal(result.text, '')
  assert.deepEqual(result.segments, [])
  assert.equal(result.durationSeconds, 40)
  assert.equal(model.encoded.length, 0)
})

test('what the model itself takes for silence and is unsure of is left out', async () => {
  const model = new ScriptedModel([{ words: [' obrigado'], isSure: false, isSilent: true }])
  assert.equal((await transcribe(noise(5), model)).text, '')
  assert.equal(model.encoded.length, 1, 'silence is no reason to try again')
})

test('windows of a language without spaces are joined without one', async () => {
  const model = new ScriptedModel([{ words: ['東京'] }, { words: ['大阪'] }])
  const result = await transcribe(threeWindows().slice(0, 50 * RATE), model, {}, { language: 'ja' })
  assert.equal(result.text, '東京大阪')
})

test('progress is told in seconds of the recording', async () => {
  const done: number[] = []
  await transcribe(noise(100), new ScriptedModel([]), {}, { onProgress: (seconds) => done.push(seconds) })
  assert.equal(done.at(-1), 100)
  assert.ok(done.length > 1)
})

test('by alignment, segments break at the ends of sentences and carry times inside the recording', async () => {
  const model = new ScriptedModel([{ words: [' Bom', ' dia.', ' Tudo', ' bem', ' com', ' você?'] }])
  const result = await transcribe(noise(6), model, { timestamps: 'align', word_timestamps: true })
  assert.deepEqual(
    result.segments.map((segment) => segment.text),
    [' Bom dia.', ' Tudo bem com você?'],
  )
  const [first, second] = result.segments
  assert.ok(first!.start < first!.end && first!.end <= second!.start && second!.end <= 6)
  assert.deepEqual(
    second!.words!.map((word) => word.word),
    [' Tudo', ' bem', ' com', ' você?'],
  )
  assert.ok(second!.words!.every((word) => word.probability > 0.9))
})

function assertInOrder(segments: readonly Segment[], durationSeconds: number): void {
  let earliest = 0
  for (const { start, end, words = [] } of segments) {
    assert.deepEqual([start, end], [words[0]!.start, words.at(-1)!.end], 'a segment begins and ends with its words')
    for (const word of words) {
      assert.ok(word.start >= earliest - 1e-9 && word.end - word.start >= 0.02 - 1e-9, JSON.stringify(word))
      earliest = word.end
    }
  }
  assert.ok(earliest <= durationSeconds)
}

test('what was left out inside an overlong word is put between that word and the next', async () => {
  const said = [[' Um', ' dois', ' três.'], [' antes.'], [' meio.'], [' depois.'], [], []]
  const model = new ScriptedModel(said.map((words) => ({ words })))
  const given: GivenOptions = { timestamps: 'align', word_timestamps: true, vad_filter: true }
  const { segments } = await transcribe(noise(20), model, given)
  assert.deepEqual(
    segments.map(({ text }) => text),
    [' antes.', ' Um dois', ' meio.', ' três.', ' depois.'],
  )
  assertInOrder(segments, 20)
})

test('where windows seek, words end before the next window begins, and their segments with them', async () => {
  for (const seekTicks of [30, 700, 1400]) {
    const given: GivenOptions = { timestamps: 'tokens', word_timestamps: true }
    const { segments } = await transcribe(noise(70), new InstantSession({ seekTicks }), given)
    assert.ok(segments.length > 2)
    assertInOrder(segments, 70)
  }
})

test('words are there only when they are asked for', async () => {
  const result = await transcribe(noise(6), new ScriptedModel([]), { timestamps: 'align' })
  assert.equal(result.segments[0]!.words, undefined)
})

test('each window is told what was said before, when conditioned on it, and the hints come first', async () => {
  const model = new ScriptedModel([{ words: [' um'] }, { words: [' dois'] }])
  const given = { condition_on_previous_text: true, hotwords: 'Fisichella', initial_prompt: 'Corrida' }
  await transcribe(threeWindows().slice(0, 50 * RATE), model, given)
  assert.equal(model.mostOpen, 1)
  const hints = [tokenOf(' Fisichella'), tokenOf(' Corrida')]
  assert.deepEqual(model.prompts[0]!.slice(0, 3), [generation.sotPrev, ...hints])
  assert.deepEqual(model.prompts[1]!.slice(0, 4), [generation.sotPrev, ...hints, tokenOf(' um')])
})

/** Tokens of the words `a0 a1 …`, and the text that has them. */
function manyWords(letter: string, n: number) {
  const said = Array.from({ length: n }, (_, i) => `${letter}${i}`)
  return { text: said.join(' '), tokens: said.map((word) => tokenOf(` ${word}`)) }
}

test('of a prompt or a prefix that is too long the end counts, of hotwords the beginning, and a warning says so', async () => {
  const many = manyWords('w', 2000) // more characters than are made into tokens
  const prompted = async (given: GivenOptions) => {
    const model = new ScriptedModel([{ words: [' um'] }])
    const { warnings } = await transcribe(noise(6), model, given)
    const [prompt = []] = model.prompts
    const sot = prompt.indexOf(generation.sot)
    return { before: prompt.slice(1, sot), warnings }
  }
  assert.deepEqual(await prompted({ initial_prompt: many.text }), {
    before: many.tokens.slice(-223),
    warnings: ['The prompt is longer than what fits: its last 223 tokens count.'],
  })
  assert.deepEqual(await prompted({ hotwords: many.text }), {
    before: many.tokens.slice(0, 223),
    warnings: ['The hotwords (keywords) are longer than what fits: their first 223 tokens count.'],
  })
  const { warnings } = await prompted({ prefix: many.text })
  assert.deepEqual(warnings, ['The prefix is longer than what fits: its last 223 tokens count.'])
  const whole = manyWords('p', 223)
  assert.deepEqual(await prompted({ initial_prompt: whole.text }), { before: whole.tokens, warnings: [] })
})

test('hotwords and a prompt that need more than there is share it, and neither is lost', async () => {
  const [hot, said] = [manyWords('h', 300), manyWords('s', 300)]
  const before = async (hotwords: string, initial_prompt: string) => {
    const model = new ScriptedModel([{ words: [' um'] }])
    await transcribe(noise(6), model, { hotwords, initial_prompt })
    return model.prompts[0]!.slice(1, model.prompts[0]!.indexOf(generation.sot))
  }
  assert.deepEqual(await before(hot.text, said.text), [...hot.tokens.slice(0, 111), ...said.tokens.slice(-112)])
  const few = manyWords('f', 10)
  assert.deepEqual(await before(few.text, said.text), [...few.tokens, ...said.tokens.slice(-213)])
  assert.deepEqual(await before(hot.text, few.text), [...hot.tokens.slice(0, 213), ...few.tokens])
})

test('hotwords stay where what was said before fills the rest', async () => {
  const said = ` ${manyWords('t', 200).text}`.split(/(?= )/)
  const model = new ScriptedModel([{ words: said }, { words: said }, { words: [' fim'] }])
  await transcribe(threeWindows(), model, {
    condition_on_previous_text: true,
    hotwords: 'Fisichella',
    max_new_tokens: 220,
  })
  const last = model.prompts.at(-1)!
  assert.equal(last[1], tokenOf(' Fisichella'))
  assert.deepEqual(last.slice(2, last.indexOf(generation.sot)), [...said, ...said].map(tokenOf).slice(-222))
})

test('languages are detected window by window where they change', async () => {
  const model = new ScriptedModel([{ words: [' um'] }, { words: [' two'], language: 'en' }])
  const result = await transcribe(threeWindows().slice(0, 50 * RATE), model, { multilingual: true, batch_size: 1 })
  assert.deepEqual(
    result.segments.map((segment) => segment.language),
    ['pt', 'en'],
  )
})

test('detection may listen to several windows and takes the vote of most', async () => {
  const words = [' um', ' dois', ' três']
  const model = new ScriptedModel(
    ['es', 'pt', 'pt', 'pt', 'pt'].map((language, i) => ({ words: [words[i % 3]!], language })),
  )
  const given = { language_detection_segments: 3, language_detection_threshold: 1 }
  const result = await transcribe(threeWindows(), model, given)
  assert.equal(result.language, 'pt')
  assert.deepEqual(
    result.segments.map(({ language }) => language),
    ['pt', 'pt', 'pt'],
  )
})

/** Stretches of sound of so many seconds, with 2 s of silence between them, each a window of its own. */
function stretches(...seconds: readonly number[]): Float32Array {
  const silence = 2 * RATE
  const samples = new Float32Array(seconds.reduce((sum, length) => sum + length * RATE + silence, 0))
  let at = 0
  for (const length of seconds) {
    samples.set(noise(length), at)
    at += length * RATE + silence
  }
  return samples
}

const byLoudness: Partial<LongFormContext> = {
  speechProbability: async (frames) =>
    Float32Array.from({ length: frames.length / FRAME_SAMPLES }, (_, i) => {
      const frame = frames.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES)
      return frame.some((sample) => Math.abs(sample) > 0.05) ? 0.9 : 0.1
    }),
}

/** Stretches of so many seconds, what is said in each, and how they were written down in the end. */
async function transcribeStretches(seconds: readonly number[], answers: Answer[], given: GivenOptions = {}) {
  const model = new ScriptedModel(answers)
  const result = await transcribe(stretches(...seconds), model, { vad_filter: true, ...given }, byLoudness)
  const languages = result.segments.map(({ language }) => language)
  return { model, result, languages }
}

test('half a second in another language in front does not decide, and is written in that of the rest', async () => {
  for (const [given, nEncoded] of [
    [{}, 4],
    [{ batch_size: 1 }, 4],
    [{ condition_on_previous_text: true }, 5], // the second was prompted by the first
  ] as const) {
    const answers = [
      { words: [' hello'], language: 'en' },
      { words: [' bom'] },
      { words: [' dia'] },
      { words: [' olá'] },
    ]
    const { model, result, languages } = await transcribeStretches([0.5, 12, 6], answers, given)
    assert.equal(result.language, 'pt')
    assert.deepEqual(languages, ['pt', 'pt', 'pt'])
    assert.ok(result.languageProbability! > 0.9)
    assert.equal(model.encoded.length, nEncoded)
    assert.equal(model.nOpen, 0)
  }
})

test('a vote that the first window has won encodes nothing twice', async () => {
  for (const seconds of [[1], [0.5, 1, 2], [3, 12], [12, 3], [4, 4, 4, 4]]) {
    const { model, languages } = await transcribeStretches(seconds, [])
    assert.equal(model.encoded.length, seconds.length, String(seconds))
    assert.ok(languages.every((language) => language === 'pt'))
  }
})

test('segments are told as soon as the language is sure, and none twice', async () => {
  const told: [texts: readonly string[], nEncoded: number][] = []
  const tell = async (seconds: readonly number[], answers: Answer[]) => {
    const model = new ScriptedModel(answers)
    told.length = 0
    const onSegments = (segments: readonly Segment[]) =>
      void told.push([segments.map(({ text }) => text), model.encoded.length])
    const context = { ...byLoudness, onSegments }
    return await transcribe(stretches(...seconds), model, { vad_filter: true, batch_size: 1 }, context)
  }
  const said = () => [{ words: [' um'] }, { words: [' dois'] }, { words: [' três'] }]
  await tell([6, 6, 6], said())
  assert.deepEqual(told, [
    [[' um'], 1],
    [[' dois'], 2],
    [[' três'], 3],
  ])
  const short = await tell([1, 6, 6], said())
  assert.deepEqual(told, [
    [[' um'], 2],
    [[' dois'], 2],
    [[' três'], 3],
  ])
  assert.deepEqual(
    short.segments.map(({ id }) => id),
    [0, 1, 2],
  )
})

test('a window in another language is written again with all that was prompted by it', async () => {
  const answers = [' hello', ' bom', ' olá', ' dia'].map((word, i) => ({
    words: [word],
    language: i === 0 ? 'en' : 'pt',
  }))
  const given = { condition_on_previous_text: true, initial_prompt: 'Reunião' }
  const { model, result } = await transcribeStretches([1, 7], answers, given)
  assert.equal(result.text, 'olá dia')
  assert.deepEqual(
    model.prompts.map((prompt) => prompt.slice(1, prompt.indexOf(generation.sot))),
    [[' Reunião'], [' Reunião', ' hello'], [' Reunião'], [' Reunião', ' olá']].map((words) => words.map(tokenOf)),
  )
})

test('where languages change, a window too short to tell is in that of the one before', async () => {
  const answers = ['pt', 'cy', 'en'].map((language) => ({ words: [' fala'], language }))
  const { languages, result } = await transcribeStretches([6, 0.5, 3], [answers[0]!, answers[1]!, answers[2]!], {
    multilingual: true,
  })
  assert.deepEqual(languages, ['pt', 'pt', 'en'])
  assert.equal(result.language, 'pt')
})

test('the language of a recording in which it changes is the one that is spoken most', async () => {
  const answers = ['en', 'pt'].map((language) => ({ words: [' fala'], language }))
  const { languages, result } = await transcribeStretches([2, 9], answers, { multilingual: true })
  assert.deepEqual(languages, ['en', 'pt'])
  assert.equal(result.language, 'pt')
  assert.ok(result.languageProbability! > 0.9)
})

test('what is written like a control token in a hint does not reach the model', async () => {
  for (const option of ['initial_prompt', 'hotwords', 'prefix']) {
    const model = new ScriptedModel([])
    await transcribe(noise(5), model, { [option]: '<|endoftext|> <|startoftranscript|>' }, { language: 'pt' })
    assert.equal(model.prompts[0]![0], generation.sot, option)
  }
})

test('conditioned windows follow one another also while detection listens to several of them', async () => {
  const said = [' um', ' dois', ' três'].map((word) => ({ words: [word] }))
  const model = new ScriptedModel(said)
  const result = await transcribe(threeWindows(), model, {
    condition_on_previous_text: true,
    language_detection_segments: 3,
    language_detection_threshold: 1,
  })
  assert.equal(result.text, 'um dois três')
  assert.ok(model.prompts[1]!.includes(tokenOf(' um')))
  assert.ok(model.prompts[2]!.includes(tokenOf(' dois')))
})

test('sampling draws the same again for a seed, whatever the company, and another text for another seed', async () => {
  const unsure = () => Array.from({ length: 9 }, () => ({ words: [' talvez'], isSure: false }))
  const sampled = async (given: GivenOptions) => {
    const options = { temperature: 1, best_of: 3, max_new_tokens: 5, log_prob_threshold: -100, ...given }
    const model = new ScriptedModel(unsure())
    model.model.tokenizer = { ...tokenizer, decode: (tokens) => tokens.join(' ') } as WhisperTokenizer
    return (await transcribe(threeWindows(), model, options, { language: 'pt' })).segments.map(({ text }) => text)
  }
  const texts = await sampled({})
  assert.equal(new Set(texts).size, 3, 'windows are drawn by streams of their own')
  assert.deepEqual(await sampled({}), texts)
  assert.deepEqual(await sampled({ batch_size: 1, seed: 0 }), texts)
  assert.notDeepEqual(await sampled({ seed: 1 }), texts)
})
