/**
 * Text over sound in which there is no speech: what Whisper writes over music and noise, where the recording is not cut by
 * speech detection. The detection is asked then, but only about text that is unsure of itself.
 */

import type { UnnumberedSegment } from './segments.ts'
import type { TimedWord } from './timed-words.ts'
import type { Span } from './windows.ts'

/** Average log-probability from which a text needs no proof, so that what is sung or whispered stays. */
const SURE = -0.5
/** The borders of speech and of segments are no more exact than this, in seconds. */
const TOLERANCE = 0.3
/** Less speech than a syllable is none, in seconds. */
const LEAST_SPEECH = 0.1

/**
 * What subtitles of films end with, which models have learnt to write over music. They are sure of it, so that a list is the
 * last guard; it is asked only where there is no speech.
 */
const CREDITS = [
  /amara\.org/i,
  /\bleg(?:endas?|endado|endagem)\b.*\b(?:por|pela|comunidade|revis)/i,
  /\bsubt[ií]tulos?\b.*\b(?:por|de la|comunidad|realizados)/i,
  /\bsous-titr(?:es|age)\b/i,
  /\buntertitel\w*\b/i,
  /\bsottotitoli\b/i,
  /\bsubtitles?\b.*\bby\b|\btranscription by\b|\btranscribed by\b/i,
  /\bthanks? (?:you )?(?:so much )?for watching\b|\bplease subscribe\b/i,
  /ご視聴ありがとうございました|チャンネル登録/,
  /字幕|請不吝點贊|请不吝点赞|谢谢观看|謝謝觀看/,
  /субтитры|редактор субтитров|продолжение следует/i,
  /시청해\s?주셔서|구독과 좋아요/,
]

interface Doubtable {
  readonly segment: UnnumberedSegment
  readonly words: readonly TimedWord[]
}

/** It needs speech to be believed. */
export function needsSpeech({ segment, words }: Doubtable, noSpeechThreshold: number): boolean {
  const ofWords = words.reduce((sum, { probability }) => sum + Math.log(Math.max(probability, 1e-9)) / words.length, 0)
  const isSure = Math.min(segment.avgLogprob, ofWords) > SURE && segment.noSpeechProb <= noSpeechThreshold
  return !isSure || CREDITS.some((credit) => credit.test(segment.text))
}

/** Whether there is speech where a segment is said to be. */
export function isHeard({ start, end }: Span, speech: readonly Span[]): boolean {
  const seconds = speech.reduce(
    (sum, span) => sum + Math.max(0, Math.min(end + TOLERANCE, span.end) - Math.max(start - TOLERANCE, span.start)),
    0,
  )
  return seconds >= LEAST_SPEECH
}
