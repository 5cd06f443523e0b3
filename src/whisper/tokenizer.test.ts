import assert from 'node:assert/strict'
import { test } from 'node:test'
import { standardTokenizer } from '../../test/helpers/builders/tokenizer-builder.ts'
import { generation, special, VOCAB } from '../../test/helpers/fakes/scripted-decoder.ts'
import { WhisperTokenizer } from './tokenizer.ts'

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
