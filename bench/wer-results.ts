/** What is kept of a run under bench/results: every answer, and what it takes to judge and to repeat it. */

import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

const spanSchema = z.object({ start: z.number(), end: z.number() })

const answerSchema = z.object({
  id: z.string(),
  text: z.string().default(''),
  seconds: z.number(),
  language: z.string().optional(),
  error: z.string().optional(),
  /** Kept so that times can be compared too; only `text` is scored. */
  segments: z
    .array(spanSchema.extend({ text: z.string(), words: z.array(spanSchema.extend({ word: z.string() })).nullish() }))
    .optional(),
})

const runSchema = z.object({
  set: z.string(),
  system: z.string(),
  /** An id of the registry, a hub repository or a folder. */
  model: z.string(),
  /** Whether each clip's language was told; silent clips never have one. */
  isLanguageGiven: z.boolean(),
  /** False where some clips were left out. */
  isWhole: z.boolean(),
  options: z.record(z.string(), z.unknown()),
  commit: z.string(),
  date: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string() }),
  loadSeconds: z.number(),
  answers: z.array(answerSchema),
})

export type Answer = z.output<typeof answerSchema>
export type WerRun = z.output<typeof runSchema>

/** One line of JSON per clip, after one about the run itself, which other programs than our peer's may leave out. */
export interface AnswerLines {
  readonly version: string | undefined
  readonly loadSeconds: number
  readonly answers: Answer[]
}

const aboutSchema = z.object({ version: z.string(), loadSeconds: z.number() })

/** @param onAnswer  told as the lines come. */
export async function readAnswerLines(
  lines: Iterable<string> | AsyncIterable<string>,
  onAnswer?: (answer: Answer) => void,
): Promise<AnswerLines> {
  const answers: Answer[] = []
  let about: z.output<typeof aboutSchema> | undefined
  for await (const line of lines) {
    const json: unknown = JSON.parse(line)
    const { data } = aboutSchema.safeParse(json)
    if (data) {
      about = data
      continue
    }
    const answer = answerSchema.parse(json)
    answers.push(answer)
    onAnswer?.(answer)
  }
  return { version: about?.version, loadSeconds: about?.loadSeconds ?? 0, answers }
}

const RESULTS = join(import.meta.dirname, 'results')

/** Writes a run under a name that tells what differs from the usual: wer-beam5.json, wer-beam5-auto.json. */
export function keepRun(run: Omit<WerRun, 'commit' | 'date' | 'machine'>): WerRun {
  const kept: WerRun = {
    ...run,
    commit: currentCommit(),
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version },
  }
  const model = run.model === 'base' ? undefined : run.model.replace(/.*\//, '')
  const parts = ['wer', run.set, model, run.isLanguageGiven ? undefined : 'auto', run.isWhole ? undefined : 'part']
  const name = `${parts.filter((part) => part !== undefined).join('-')}.json`
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(join(RESULTS, name), `${JSON.stringify(kept, undefined, 1)}\n`)
  process.stderr.write(`written: bench/results/${name}\n`)
  return kept
}

/** Every whole run that was kept. */
export function readRuns(): WerRun[] {
  const files = globSync('wer-*.json', { cwd: RESULTS }).sort()
  const runs = files.map((file) => runSchema.parse(JSON.parse(readFileSync(join(RESULTS, file), 'utf8'))))
  return runs.filter((run) => run.isWhole)
}

/** As it stands in a result; says so where the sources differ from it. */
export function currentCommit(): string {
  const root = join(import.meta.dirname, '..')
  // Without locks: a benchmark must not get in the way of somebody who commits.
  const git = (...words: string[]) =>
    String(execFileSync('git', ['--no-optional-locks', ...words], { cwd: root })).trim()
  const isChanged = git('status', '--porcelain', '--', 'src', 'package-lock.json') !== ''
  return git('rev-parse', '--short', 'HEAD') + (isChanged ? ' with changes' : '')
}
