import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standardTokenizer } from '../../test/helpers/builders/tokenizer-builder.ts'
import { generation, special, VOCAB } from '../../test/helpers/fakes/scripted-decoder.ts'
import { WhisperTokenizer, withoutControlTokens } from './tokenizer.ts'

test('text that was added to a vocabulary is decoded with the rest, special tokens are left out', () => {
  const files = {
    tokenizer: standardTokenizer(VOCAB, [' ação', 'ß', { content: '<|pad|>', special: true }]),
    config: {},
  }
  const tokenizer = new WhisperTokenizer(files, { ...generation, addedText: new Set([VOCAB, VOCAB + 1]) })
  const tokens = [special('0.00'), 400, VOCAB, VOCAB + 1, 401, VOCAB + 2, special('endoftext'), special('2.00')]
  assert.equal(tokenizer.decode(tokens), ' w400 açãoß w401')
  assert.equal(Buffer.from(tokenizer.bytesOf(VOCAB)).toString(), ' ação')
  assert.equal(Buffer.from(tokenizer.bytesOf(400)).toString(), ' w400')
})

const EOT = 50257
const tokenizer = new WhisperTokenizer({ tokenizer: standardTokenizer(51865), config: {} }, generation)

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
