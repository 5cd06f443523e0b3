import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GREEDY } from '../../test/helpers/builders/greedy-options.ts'
import { generation, ScriptedDecoder, special, VOCAB } from '../../test/helpers/fakes/scripted-decoder.ts'
import { decodeBySteps, detectLanguage, logitRules } from './decode-window.ts'
import type { DecodeOptions } from './decoded-window.ts'
import { LogitBiases } from './logit-bias.ts'
import type { Prompt } from './prompt.ts'
import type { WhisperTokenizer } from './tokenizer.ts'

const tokenizer = { decode: (tokens: readonly number[]) => tokens.join(' ') } as WhisperTokenizer
const model = { generation, tokenizer, maxTextContext: 448, vocabSize: VOCAB }
const prompt: Prompt = { language: 'pt', task: 'transcribe', withTimestamps: false, previous: [], prefix: [] }
const greedy: DecodeOptions = { ...GREEDY, longestRepeat: 0, randomOf: () => () => 0.5 }
const PROMPT = [special('startoftranscript'), special('pt'), special('transcribe'), special('notimestamps')]

test('the prompt names language and task, and the text ends with eot', async () => {
  const script = (fed: readonly number[]) => ({ [[600, 601][fed.length - PROMPT.length] ?? generation.eot]: 20 })
  const decoder = new ScriptedDecoder(1, script)
  const window = await decodeBySteps(decoder, model, prompt, greedy)
  assert.deepEqual(decoder.texts[0]!.slice(0, 4), PROMPT)
  assert.deepEqual(window.tokens, [600, 601])
  assert.equal(window.ended, 'eot')
  assert.equal(window.language, 'pt')
})

test('suppressed tokens are never said, nor an empty text', async () => {
  const decoder = new ScriptedDecoder(1, () => ({ 1: 50, 220: 49, [generation.eot]: 48, 700: 10 }))
  const window = await decodeBySteps(decoder, model, prompt, greedy)
  assert.deepEqual(window.tokens, [700, ...Array(8).fill(220)])
})

test('a text is as long as it may be and no longer, and the prompt counts', async () => {
  const endless = new ScriptedDecoder(1, (fed) => ({ [1000 + fed.length]: 20 }))
  const window = await decodeBySteps(endless, model, prompt, greedy)
  assert.equal(window.tokens.length, 444)
  assert.equal(window.ended, 'length')
  const limited = new ScriptedDecoder(1, (fed) => ({ [1000 + fed.length]: 20 }))
  const short = await decodeBySteps(limited, model, prompt, { ...greedy, maxNewTokens: 5 })
  assert.equal(short.tokens.length, 5)
})

test('a row that loops is stopped at once, and not before its repetitions are more than can be said', async () => {
  const decoder = new ScriptedDecoder(1, (fed) => ({ [800 + (fed.length % 3)]: 30 }))
  const window = await decodeBySteps(decoder, model, prompt, greedy)
  assert.equal(window.ended, 'loop')
  assert.equal(window.tokens.length, 12)
  assert.equal(decoder.nSteps, 12, 'the prompt, and eleven tokens: the twelfth completes the fourth round')
  assert.equal(window.logprobs.length, 12)
  const patient = new ScriptedDecoder(1, (fed) => ({ [800 + (fed.length % 3)]: 30 }))
  const longer = await decodeBySteps(patient, model, prompt, { ...greedy, longestRepeat: 20 })
  assert.deepEqual({ ended: longer.ended, length: longer.tokens.length }, { ended: 'loop', length: 20 })
})

test('an abort stops the search before the next step', async () => {
  const controller = new AbortController()
  const decoder = new ScriptedDecoder(1, (fed) => {
    if (fed.length === 8) controller.abort()
    return { [700 + fed.length]: 30 }
  })
  const decoding = decodeBySteps(decoder, model, prompt, { ...greedy, signal: controller.signal })
  await assert.rejects(decoding, { name: 'AbortError' })
  assert.equal(decoder.nSteps, 5)
})

test('what was said before goes in front of sot, cut to half of the positions, and a prefix behind the prompt', async () => {
  const decoder = new ScriptedDecoder(1, () => ({ [generation.eot]: 20, 500: 1 }))
  const previous = Array.from({ length: 400 }, (_, i) => 2000 + i)
  await decodeBySteps(decoder, model, { ...prompt, previous, prefix: [77, 78] }, greedy)
  const text = decoder.texts[0]!
  assert.equal(text[0], generation.sotPrev)
  assert.deepEqual(text.slice(1, 224), previous.slice(-223))
  assert.deepEqual(text.slice(224, 230), [...PROMPT, 77, 78])
})

/** Greedily 100 then rubbish; two steps of less likely tokens lead to a far likelier end. */
const garden = (fed: readonly number[]) => {
  const said = fed.slice(PROMPT.length)
  if (said.length === 0) return { 100: 10, 200: 9.5 }
  if (said[0] === 200) return said.length < 2 ? { 201: 30 } : { [generation.eot]: 30 }
  return said.length < 2 ? { 101: 1, 102: 1, 103: 1, 104: 1 } : { [generation.eot]: 1, 105: 1, 106: 1 }
}

test('beam search finds the likelier text behind a less likely first word, greedy does not', async () => {
  const first = await decodeBySteps(new ScriptedDecoder(1, garden), model, prompt, greedy)
  assert.equal(first.tokens[0], 100)
  const beams = { ...greedy, beamSize: 3 }
  const best = await decodeBySteps(new ScriptedDecoder(3, garden), model, prompt, beams)
  assert.deepEqual(best.tokens, [200, 201])
  assert.ok(best.avgLogprob > first.avgLogprob)
})

test('what the decoder finds likeliest and what is found in its logits is the same text', async () => {
  for (const beamSize of [1, 3]) {
    const options = { ...greedy, beamSize }
    const byLogits = await decodeBySteps(new ScriptedDecoder(beamSize, garden), model, prompt, options)
    const rules = logitRules(model, new LogitBiases(VOCAB), options, false)
    assert.equal(rules.needsLogits, false)
    const byCandidates = await decodeBySteps(new ScriptedDecoder(beamSize, garden, rules), model, prompt, options)
    assert.deepEqual(byCandidates.tokens, byLogits.tokens)
    assert.ok(Math.abs(byCandidates.avgLogprob - byLogits.avgLogprob) < 1e-4)
  }
})

test('rules that a bias cannot express ask for logits', () => {
  const needs = (options: Partial<DecodeOptions>, withTimestamps = false) =>
    logitRules(model, new LogitBiases(VOCAB), { ...greedy, ...options }, withTimestamps).needsLogits
  assert.equal(needs({}), false)
  for (const options of [{ temperature: 0.2 }, { repetitionPenalty: 1.1 }, { noRepeatNgramSize: 3 }]) {
    assert.equal(needs(options), true, JSON.stringify(options))
  }
  assert.equal(needs({}, true), true)
})

test('beam search with one beam says what greedy says', async () => {
  const script = (fed: readonly number[]) => ({ [fed.length < 9 ? 400 + fed.length : generation.eot]: 5, 17: 4 })
  const a = await decodeBySteps(new ScriptedDecoder(1, script), model, prompt, greedy)
  const b = await decodeBySteps(new ScriptedDecoder(2, script), model, prompt, { ...greedy, beamSize: 2 })
  assert.deepEqual(b.tokens, a.tokens)
})

test('at a temperature above 0 tokens are drawn, and the likeliest of the samples is taken', async () => {
  const draws = [
    [0.9, 0.5],
    [0.1, 0.5],
  ]
  const script = (fed: readonly number[]) =>
    fed.length === PROMPT.length ? { 300: 40, 301: 40.5 } : { [generation.eot]: 60 }
  const options = { ...greedy, temperature: 1, bestOf: 2, randomOf: (row: number) => () => draws[row]!.shift()! }
  const window = await decodeBySteps(new ScriptedDecoder(2, script), model, prompt, options)
  assert.deepEqual(window.tokens, [301])
  assert.equal(window.temperature, 1)
})

test('languages are told by the probabilities at sot, over the languages alone', async () => {
  const decoder = new ScriptedDecoder(2, () => ({ [special('pt')]: 3, 9: 80 }))
  const probabilities = await detectLanguage(decoder, generation, undefined)
  assert.ok(probabilities.get('pt')! > 0.9)
  const total = [...probabilities.values()].reduce((a, b) => a + b)
  assert.ok(Math.abs(total - 1) < 1e-6)
})

test('among some languages the probabilities are shared, however unlikely they are', async () => {
  const decoder = new ScriptedDecoder(1, () => ({ [special('pt')]: 200, [special('es')]: 1 }))
  const probabilities = await detectLanguage(decoder, generation, ['es', 'en', 'xx'])
  assert.deepEqual([...probabilities.keys()].sort(), ['en', 'es'])
  assert.ok(probabilities.get('es')! > 0.7 && probabilities.get('en')! > 0.2)
})
