import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinTexts, TextJoiner } from './text-joiner.ts'

const said = (language: string, ...texts: string[]) => texts.map((text) => ({ text, language }))

test('the spaces of tokens are kept, a missing one is added, and none at the ends', () => {
  assert.equal(joinTexts(said('pt', ' Bom dia.', ' Vamos', 'lá. ', ' ')), 'Bom dia. Vamos lá.')
  assert.equal(joinTexts(said('pt', ' ', 'a ', 'b')), 'a b')
  assert.equal(joinTexts([]), '')
})

test('scripts without spaces get none', () => {
  assert.equal(joinTexts(said('ja', '今日は', '寒い。')), '今日は寒い。')
})

test('the pieces together are the text, whatever blanks the segments have', () => {
  const segments = said('en', '  Well,', 'yes ', ' ', '\nno', ' .', '', 'end  ')
  const joiner = new TextJoiner()
  const pieces = segments.map((segment) => joiner.push(segment))
  assert.equal(pieces.join(''), joinTexts(segments))
  assert.equal(pieces.join('').trim(), pieces.join(''))
  assert.equal(pieces[0], 'Well,')
})
