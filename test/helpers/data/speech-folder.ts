/**
 * Where real recordings lie: those shared between checkouts, beside this repository; else those that a stranger can have,
 * which `scripts/fetch-test-speech.ts` brings into the cache in the same form: `manifest.json`, and files in `audio/`.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { allSampleRecordings } from '../../../src/cli/verify/sample.ts'
import { cacheFolder } from './real-models.ts'

export const SHARED_SPEECH = resolve(import.meta.dirname, '../../../../shared/speech')

/** Raised when other recordings are made. */
const FREE_VERSION = 2

/** A row of `manifest.json`. */
interface Row {
  readonly id: string
  readonly file: string
  readonly lang: string
  readonly dur: number
  readonly text: string | null
}

/** The folder of recordings of this machine; undefined where there are none. */
export function speechFolder(): string | undefined {
  return [SHARED_SPEECH, freeSpeechFolder()].find((folder) => existsSync(join(folder, 'manifest.json')))
}

function freeSpeechFolder(): string {
  return join(cacheFolder(), 'test-data', `speech-${FREE_VERSION}`)
}

/** ffmpeg's input arguments of a recording that it generates; nobody speaks in these. */
const SILENT: Readonly<Record<string, string>> = {
  'ns-gen-silence-10s': 'anullsrc=r=16000:cl=mono:d=10',
  'ns-gen-hum-50hz-8s': 'sine=f=50:r=16000:d=8',
  'ns-gen-beeps-6s': 'sine=f=880:beep_factor=2:r=16000:d=6',
  'ns-gen-pink-noise-9s': 'anoisesrc=c=pink:a=0.1:r=16000:s=1:d=9',
  'ns-gen-white-noise-5s': 'anoisesrc=c=white:a=0.3:r=16000:s=2:d=5',
}

/** Re-encodings, which the shared ones hold too, under ids with two hyphens. */
const CONTAINERS: readonly (readonly [of: string, suffix: string, ...args: string[]])[] = [
  ['ps-cards-005', 'm4a', '-c:a', 'aac'],
  ['ps-goforward', 'mka', '-c:a', 'libopus'],
  ['ps-0880-sense', 'mp3', '-ar', '48000'],
  ['ps-0890-sense', 'ogg', '-c:a', 'libvorbis'],
  ['ps-0920-sense', 'flac', '-ac', '2'],
  ['ps-0930-sense', 'opus', '-c:a', 'libopus'],
]

const CARDS = {
  '001': 'ten of clubs',
  '002': 'four queen of clubs',
  '003': 'seven of clubs',
  '004': 'five five',
  '005': 'eight of spades four of clubs seven of hearts',
} as const

/**
 * Makes the folder for those who have not the shared one, of Debian's package `pocketsphinx-testdata` (LibriVox, public
 * domain; cards and commands, BSD) and of sounds that ffmpeg generates; at once where it is there.
 *
 * @throws {Error} where the package cannot be had.
 */
export function makeFreeSpeech(): string {
  const folder = freeSpeechFolder()
  if (existsSync(folder)) return folder
  const demo = join(cacheFolder(), 'demo')
  const unpack = resolve(import.meta.dirname, '../../../scripts/unpack-debian.sh')
  execFileSync(unpack, [demo, 'pocketsphinx-testdata'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const data = join(demo, 'pocketsphinx-testdata/usr/share/pocketsphinx/test/data')

  mkdirSync(dirname(folder), { recursive: true })
  const unfinished = mkdtempSync(`${folder}.`)
  mkdirSync(join(unfinished, 'audio'))
  const rows: Row[] = []
  const add = (id: string, suffix: string, text: string | null, args: readonly string[]) => {
    const file = `audio/${id}.${suffix}`
    ffmpeg([...args, join(unfinished, file)])
    rows.push({ id, file, lang: text === '' ? 'zxx' : 'en', dur: secondsOf(join(unfinished, file)), text })
  }
  try {
    for (const { path, said } of allSampleRecordings(cacheFolder())) {
      add(`ps-${/-(\d+)\.wav$/.exec(path)![1]}-sense`, 'wav', said, ['-i', path])
    }
    for (const [name, said] of Object.entries(CARDS)) {
      add(`ps-cards-${name}`, 'wav', said, ['-i', join(data, `cards/${name}.wav`)])
    }
    const read = rows.filter(({ id }) => id.endsWith('-sense'))
    const sentences = read.map(({ file, text }) => ({ path: join(unfinished, file), text: text! }))
    const twice = [...sentences, ...sentences]
    add('long-sense', 'ogg', twice.map(({ text }) => text).join(' '), joinedWithPauses(twice.map(({ path }) => path)))
    const raw = ['-f', 's16le', '-ar', '16000', '-ac', '1', '-i']
    add('ps-goforward', 'wav', 'go forward ten meters', [...raw, join(data, 'goforward.raw')])
    add('ps-numbers', 'wav', null, [...raw, join(data, 'numbers.raw')])
    for (const [of, suffix, ...args] of CONTAINERS) {
      const { file, text } = rows.find(({ id }) => id === of)!
      add(`${of}--${suffix}`, suffix, text, ['-i', join(unfinished, file), ...args])
    }
    for (const [id, source] of Object.entries(SILENT)) add(id, 'wav', '', ['-f', 'lavfi', '-i', source])
    writeFileSync(join(unfinished, 'manifest.json'), JSON.stringify(rows, null, 1))
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}

/** ffmpeg's arguments for recordings one after the other, with pauses of a speaker between them. */
function joinedWithPauses(paths: readonly string[]): string[] {
  const padded = paths.map((_, i) => `[${i}:a]apad=pad_dur=0.8[p${i}];`).join('')
  const all = paths.map((_, i) => `[p${i}]`).join('')
  const filter = `${padded}${all}concat=n=${paths.length}:v=0:a=1`
  return [...paths.flatMap((path) => ['-i', path]), '-filter_complex', filter]
}

function ffmpeg(args: readonly string[]): void {
  const program = process.env.FFMPEG_PATH || 'ffmpeg'
  execFileSync(program, ['-nostdin', '-v', 'error', '-y', ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Of what ffmpeg decodes, since its prober may be missing. */
function secondsOf(file: string): number {
  const program = process.env.FFMPEG_PATH || 'ffmpeg'
  const args = ['-nostdin', '-v', 'error', '-i', file, '-f', 's16le', '-ar', '16000', '-ac', '1', '-']
  return execFileSync(program, args, { maxBuffer: 1 << 28 }).length / 2 / 16_000
}

/** The rows of a folder's manifest. */
export function readManifest(folder: string): Row[] {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Row[] // the form is described in the README beside it
}
