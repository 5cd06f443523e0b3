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
  : skipped('data', 'the English recordings in ../shared/speech are absent')

/** One of its recordings: "And Mr. John Dashwood had then leisure …". */
export const ENGLISH_RECORDING = SHARED[0]!.path

/** @param cacheDir  the cache of the command that is to find the sample. */
export function layOutSample(cacheDir: string): void {
  for (const { path } of allSampleRecordings(cacheDir)) {
    const found = SHARED.find(({ number }) => path.endsWith(`-${number}.wav`))
    if (found === undefined) continue
    mkdirSync(dirname(path), { recursive: true })
    if (!existsSync(path)) symlinkSync(found.path, join(path))
  }
}
