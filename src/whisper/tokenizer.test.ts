import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standardTokenizer } from '../../test/helpers/builders/tokenizer-builder.ts'
import type { GenerationConfig, TokenizerFiles } from '../checkpoint/index.ts'
import { WhisperTokenizer, withoutControlTokens } from './tokenizer.ts'

const EOT = 50257
const files = { tokenizer: standardTokenizer(51865), config: {} } as unknown as TokenizerFiles
const tokenizer = new WhisperTokenizer(files, { eot: EOT } as GenerationConfig)

const CONTROL = [
  'endoftext',
  'startoftranscript',
  'fr',
  'translate',
  'nospeech',
  'notimestamps',
  'startofprev',
  '12.00',
]

test('no control token comes out of a text, wherever in it one is written', () => {
  for (const name of CONTROL) {
    for (const text of [`<|${name}|>`, ` Termo <|${name}|> Termo`, `a<|${name}|>b`, `<|${name}|><|${name}|>`]) {
      const ids = tokenizer.encode(text)
      assert.ok(
        ids.every((id) => id < EOT),
        `${text}: ${ids}`,
      )
    }
  }
  assert.deepEqual(tokenizer.encode('a<|fr|>b'), tokenizer.encode('ab'))
})

test('text that only looks a little like a control token stays as it is', () => {
  for (const text of ['a < b | c > d', '<|', '|>', '<b>']) {
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text)
    assert.equal(withoutControlTokens(text), text)
  }
})

test('what is left of a text that is nothing but control tokens is nothing', () => {
  assert.equal(withoutControlTokens(CONTROL.map((name) => `<|${name}|>`).join(' ')), '')
  assert.equal(withoutControlTokens(' Bom <|fr|> dia,<|endoftext|>Fisichella '), 'Bom dia, Fisichella')
})
