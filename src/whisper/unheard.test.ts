import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UnnumberedSegment } from './segments.ts'
import { isHeard, needsSpeech } from './unheard.ts'

const NO_SPEECH = 0.6

function entry(text: string, facts: Partial<UnnumberedSegment> = {}, probability = 0.9) {
  const segment = { start: 0, end: 1, text, avgLogprob: -0.2, noSpeechProb: 0.1, ...facts } as UnnumberedSegment
  return { segment, words: [{ word: text, start: 0, end: 1, probability, tokens: [] }] }
}

test('text that is unsure of itself needs speech, by its window, its own words or the probability of silence', () => {
  assert.ok(!needsSpeech(entry(' la la la'), NO_SPEECH))
  assert.ok(needsSpeech(entry(' O que é isso?', { avgLogprob: -1.3 }), NO_SPEECH))
  assert.ok(needsSpeech(entry(' Aplausos', {}, 0.3), NO_SPEECH))
  assert.ok(needsSpeech(entry(' Thank you.', { noSpeechProb: 0.7 }), NO_SPEECH))
})

test('credits of subtitles need speech however sure they are', () => {
  for (const text of [
    ' Legendas pela comunidade Amara.org',
    ' Legendado por Paulo Montenegro',
    ' Thanks for watching!',
    ' Untertitel der Amara.org-Community',
    ' Untertitelung des ZDF, 2020',
    " Sous-titres réalisés para la communauté d'Amara.org",
    ' Subtítulos realizados por la comunidad de Amara.org',
    'ご視聴ありがとうございました',
    '字幕由Amara.org社区提供',
    ' Субтитры сделал DimaTorzok',
  ]) {
    assert.ok(needsSpeech(entry(text), NO_SPEECH), text)
  }
})

test('speech beside a segment is heard, less than a syllable of it is not', () => {
  const speech = [
    { start: 0, end: 2 },
    { start: 9, end: 9.05 },
  ]
  assert.ok(isHeard({ start: 1.9, end: 4 }, speech))
  assert.ok(!isHeard({ start: 3, end: 5 }, speech))
  assert.ok(!isHeard({ start: 8.8, end: 10 }, speech))
})
