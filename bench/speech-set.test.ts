import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clip, chooseClips } from './speech-set.ts'

const clip = (id: string, language: string, group: Clip['group']): Clip => {
  return { id, path: id, language, seconds: 5, text: '', group }
}
const CLIPS = [clip('a', 'pt', 'short'), clip('b', 'pt', 'long'), clip('c', 'en', 'long'), clip('d', 'de', 'long')]
const idsOf = (...conditions: string[]) => chooseClips(CLIPS, conditions).map(({ id }) => id)

test('without conditions every clip is chosen', () => {
  assert.deepEqual(idsOf(), ['a', 'b', 'c', 'd'])
})

test('two values of one key widen the choice, two keys narrow it', () => {
  assert.deepEqual(idsOf('lang=pt', 'lang=en'), ['a', 'b', 'c'])
  assert.deepEqual(idsOf('lang=pt', 'group=long'), ['b'])
})

test('an unknown key is refused', () => {
  assert.throws(() => idsOf('language=pt'), /lang=, group= and id=/)
})
