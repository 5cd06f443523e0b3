/**
 * A sample of English speech: five sentences of Jane Austen, read for LibriVox, as Debian's package `pocketsphinx-testdata`
 * has them and `make demo` fetches them.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface SampleRecording {
  readonly path: string
  /** The words that are said. */
  readonly said: string
}

const FOLDER = 'demo/pocketsphinx-testdata/usr/share/pocketsphinx/test/data/librivox'
const SAID: Readonly<Record<string, string>> = {
  '0870':
    'And Mr. John Dashwood had then leisure to consider how much there might be prudently in his power to do for them.',
  '0880': 'He was not an ill-disposed young man.',
  '0890': 'Unless to be rather cold-hearted and rather selfish is to be ill-disposed.',
  '0920': 'Had he married a more amiable woman, he might have been made still more respectable than he was.',
  '0930': 'He might even have been made amiable himself.',
}

/** Those that are on this machine. */
export function sampleRecordings(cacheDir: string): SampleRecording[] {
  return allSampleRecordings(cacheDir).filter(({ path }) => existsSync(path))
}

/** All five, wherever they may be. */
export function allSampleRecordings(cacheDir: string): SampleRecording[] {
  return Object.entries(SAID).map(([number, said]) => {
    return { path: join(cacheDir, FOLDER, `sense_and_sensibility_01_austen_64kb-${number}.wav`), said }
  })
}
