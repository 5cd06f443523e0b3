import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languageName } from './language-table.ts'

/** Names of openai/whisper:whisper/tokenizer.py `LANGUAGES`, those included where other sources say otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  en: 'english',
  pt: 'portuguese',
  zh: 'chinese',
  yue: 'cantonese',
  jw: 'javanese',
  no: 'norwegian',
  nn: 'nynorsk',
  my: 'myanmar',
  tl: 'tagalog',
  bn: 'bengali',
  mi: 'maori',
  ht: 'haitian creole',
  haw: 'hawaiian',
}

test('languages are called as Whisper calls them', () => {
  assert.deepEqual(Object.fromEntries(Object.keys(NAMES).map((code) => [code, languageName(code)])), NAMES)
})
