import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DecodedWindow } from './decoded-window.ts'
import { mayBeEcho, withoutEcho } from './echo.ts'
import { DEFAULTS } from './options.ts'

const PROMPT = 'Glossário: Zyxcorp, Amarílis Quintanilha, Vila Nhandu.'

function decoded(text: string, facts: Partial<DecodedWindow> = {}): DecodedWindow {
  const numbers = { temperature: 0, avgLogprob: -0.8, compressionRatio: 1, noSpeechProb: 0.3 }
  return { text, tokens: [1], logprobs: [-0.8], language: 'pt', ended: 'eot', ...numbers, ...facts }
}

test('an unsure text of nothing but words of the prompt may be its echo', () => {
  assert.ok(mayBeEcho(decoded(' Vila Nhandu.'), PROMPT, true))
  assert.ok(mayBeEcho(decoded(' zyxcorp'), PROMPT, true))
  assert.ok(mayBeEcho(decoded(' O Amarílis Quintanilha, Vila Nhandu.'), PROMPT, true))
})

test('a sure text, one with words of its own, and one without a prompt are not doubted', () => {
  assert.ok(!mayBeEcho(decoded(' Vila Nhandu.', { avgLogprob: -0.2 }), PROMPT, true))
  assert.ok(!mayBeEcho(decoded(' Fomos ontem para Vila Nhandu.'), PROMPT, true))
  assert.ok(!mayBeEcho(decoded(' Vila Nhandu.'), '', true))
  assert.ok(!mayBeEcho(decoded(''), PROMPT, true))
})

test('where nobody was heard to speak, a sure text is no proof', () => {
  assert.ok(mayBeEcho(decoded(' Vila Nhandu.', { avgLogprob: -0.2 }), PROMPT, false))
  assert.ok(!mayBeEcho(decoded(' Fomos ontem para Vila Nhandu.'), PROMPT, false))
})

test('what is heard alike without the prompt keeps the spelling of the prompt', () => {
  const prompted = decoded(' Vila Nhandu.')
  assert.equal(withoutEcho(prompted, decoded(' Vila Andu.'), PROMPT, DEFAULTS), prompted)
})

test('what is heard otherwise without the prompt stands; where nothing is, there is no text', () => {
  const prompted = decoded(' Vila Nhandu.')
  const six = decoded(' Seis.', { avgLogprob: -0.5 })
  assert.equal(withoutEcho(prompted, six, PROMPT, DEFAULTS), six)
  for (const facts of [{ avgLogprob: -1.3 }, { noSpeechProb: 0.8 }, { ended: 'loop' }] as const) {
    assert.equal(withoutEcho(prompted, decoded(' O que é isso?', facts), PROMPT, DEFAULTS), undefined)
  }
})

test('a text that has fallen into the prompt gives way to what is heard without it', () => {
  const prompted = decoded(' And so, Vila, Vila, Vila, for your country.', { avgLogprob: -0.2 })
  assert.ok(mayBeEcho(prompted, PROMPT, true))
  assert.ok(!mayBeEcho(decoded(' no, no, no', { avgLogprob: -0.2 }), PROMPT, true), 'said, and not in the prompt')
  const heard = decoded(' And so, my fellow Americans, ask for your country.', { avgLogprob: -0.3 })
  assert.equal(withoutEcho(prompted, heard, PROMPT, DEFAULTS), heard)
  const unsure = decoded(' Hm.', { avgLogprob: -1.5 })
  assert.equal(withoutEcho(prompted, unsure, PROMPT, DEFAULTS), prompted)
})
