/**
 * Runs the test suites and prints what failed, what was skipped and why, and where the time went.
 *
 * The last line is `N passed, N failed, N skipped`, over all suites. A suite that runs no test counts as a failure, and
 * so does, in continuous integration (`CI` set), a skip for want of data, or one that does not say its kind
 * (test/helpers/skip.ts).
 *
 * The files of all suites wait in one line, for workers of which each runs one file at a time: most files have a part
 * that computes and one that waits, for a browser, a timer or an engine that starts, so that a core would often be idle.
 *
 * usage: scripts/node scripts/run-tests.ts [--jobs N] [SUITE | FILE …]
 *   suites: unit contract sdk model reference page gpu chaos; `quick`: unit, and what of contract takes neither weights nor long
 */

import { existsSync, globSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect, parseArgs } from 'node:util'
import { skipKindOf } from '../test/helpers/skip.ts'

interface Suite {
  readonly name: string
  readonly files: string
  /** The longest that one test may take. */
  readonly timeoutMs: number
}

interface Tally {
  passed: number
  failed: number
  skipped: number
}

interface TestFile {
  /** From the root of the project. */
  readonly path: string
  readonly suite: Suite
}

const MINUTE = 60_000
const ROOT = resolve(import.meta.dirname, '..')
/** The ones with long files first, so that short ones fill the gaps at the end. */
const SUITES: readonly Suite[] = [
  { name: 'chaos', files: 'test/chaos/**/*.test.ts', timeoutMs: 20 * MINUTE },
  { name: 'model', files: 'test/model/**/*.test.ts', timeoutMs: 10 * MINUTE },
  { name: 'page', files: 'test/page/**/*.test.ts', timeoutMs: 10 * MINUTE },
  { name: 'gpu', files: 'test/gpu/**/*.test.ts', timeoutMs: 10 * MINUTE },
  { name: 'sdk', files: 'test/sdk/**/*.test.ts', timeoutMs: 10 * MINUTE },
  { name: 'reference', files: 'test/reference/**/*.test.ts', timeoutMs: 10 * MINUTE },
  { name: 'contract', files: 'test/contract/**/*.test.ts', timeoutMs: 3 * MINUTE },
  { name: 'unit', files: '{src,bench,test/helpers}/**/*.test.ts', timeoutMs: 2 * MINUTE },
]

/** Contract tests that `quick` leaves out: they start engines or commands by the dozen, compile models, or measure a hundred requests. */
const SLOW_CONTRACTS = [
  ...['amplification', 'cli', 'cli-files', 'cli-help', 'cli-machine', 'cli-models', 'cli-terminal', 'cli-verify'],
  ...['cli-watch', 'compiled-cache', 'containers', 'cuda-model', 'cuda-trial', 'damaged-checkpoints'],
  ...['decoder-batches', 'device-choice', 'device-loss', 'device-trial', 'engine-environment', 'engine-hangs'],
  ...['engine-pool', 'failed-loads', 'generate-graph', 'graph', 'half-precision-batches', 'hostile-requests'],
  ...['hot-swap', 'languages', 'log', 'long-recordings', 'malformed-uploads', 'model-lifecycle', 'models-deletion'],
  ...['models-downloads', 'models-in-memory', 'models-routes', 'preload', 'prepared-graphs', 'process-group'],
  ...['proxies', 'readiness', 'second-tries', 'secrets', 'service-life', 'traces', 'transcribe', 'unread-answers'],
].map((name) => `test/contract/${name}.test.ts`)

const N_SLOWEST = 15

const { values: flags, positionals: wanted } = parseArgs({
  options: { jobs: { type: 'string' } },
  allowPositionals: true,
})
const inCi = Boolean(process.env.CI)

// Node then keeps every source compiled and without its types, for the thousand processes that the tests start.
process.env.NODE_COMPILE_CACHE ||= join(ROOT, 'node_modules/.cache/node-code')
mkdirSync(process.env.NODE_COMPILE_CACHE, { recursive: true })

/** What happened in one file, kept until it is done, so that files which run at a time are told one after the other. */
class Report {
  readonly tally: Tally = { passed: 0, failed: 0, skipped: 0 }
  seconds = 0
  #output = ''

  say(line: string): void {
    this.#output += `${line}\n`
  }

  write(text: string): void {
    this.#output += text
  }

  fail(test: Place, what: string): void {
    this.tally.failed++
    this.say(`✖ ${test.name}\n    ${where(test)}\n${what.replace(/^/gm, '    ')}\n`)
  }

  skip(test: Place, skip: string | boolean): void {
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
    if (inCi && skipKindOf(reason) !== 'machine') {
      this.fail(test, `Skipped, though continuous integration must run it: ${reason}`)
    } else {
      this.tally.skipped++
      this.say(`↷ ${test.name} (${where(test)}) skipped: ${reason}`)
    }
  }

  print(): void {
    process.stdout.write(this.#output)
  }
}

async function runFile({ path, suite }: TestFile): Promise<Report> {
  const report = new Report()
  const startedAt = performance.now()
  for await (const event of run({ files: [join(ROOT, path)], cwd: ROOT, timeout: suite.timeoutMs })) {
    switch (event.type) {
      case 'test:pass':
        // A `describe` counts only where it was skipped whole, for then nothing in it is reported.
        if (event.data.skip !== undefined) report.skip(event.data, event.data.skip)
        else if (event.data.details.type === 'suite') break
        else if (event.data.todo !== undefined) report.skip(event.data, event.data.todo)
        else if (isFile(event.data)) report.fail(event.data, 'This file holds no test.')
        else report.tally.passed++
        break
      case 'test:fail': {
        const { error } = event.data.details
        if (event.data.todo !== undefined) report.skip(event.data, event.data.todo)
        else if (isFile(event.data)) report.fail(event.data, 'Its process ended too early; see its output above.')
        // A parent fails because a test inside it did, which has been reported.
        else if (error.failureType !== 'subtestsFailed') report.fail(event.data, describe(error))
        break
      }
      case 'test:diagnostic':
        // The counts of the run itself come without a file; what a test says ("largest difference …") has one.
        if (event.data.file !== undefined) report.say(`  ℹ ${event.data.message}`)
        break
      case 'test:stdout':
      case 'test:stderr':
        report.write(event.data.message)
        break
    }
  }
  report.seconds = (performance.now() - startedAt) / 1000
  return report
}

interface Place {
  readonly name: string
  readonly file?: string | undefined
  readonly line?: number | undefined
}

/** node:test reports a file as a test only where no test in it was reported. */
function isFile(test: Place): boolean {
  return test.file !== undefined && resolve(ROOT, test.name) === test.file
}

/** What the test threw, without node:test's wrapper around it and without the frames of Node itself. */
function describe(wrapper: Error): string {
  const thrown = wrapper.cause ?? wrapper
  const isAssertion = thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_ASSERTION'
  const text = typeof thrown === 'string' ? thrown : isAssertion ? (thrown.stack ?? thrown.message) : inspect(thrown)
  return text.replace(/\n *at [^\n]*\bnode:(?:internal|async_hooks)[^\n]*?(?=( \{)?(\n|$))/g, '')
}

function where(test: Place): string {
  return test.file === undefined ? 'unknown place' : `${relative(ROOT, test.file)}:${test.line ?? 1}`
}

function summary(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (count: (tally: Tally) => number) => tallies.reduce((total, tally) => total + count(tally), 0)
  return { passed: sum((t) => t.passed), failed: sum((t) => t.failed), skipped: sum((t) => t.skipped) }
}

/** The files of what was asked for, in the order of the suites. */
function chosenFiles(): TestFile[] {
  const missing = SLOW_CONTRACTS.filter((path) => !existsSync(join(ROOT, path)))
  if (missing.length > 0 && wanted.includes('quick'))
    usage(`'quick' leaves out files that are not there: ${missing.join(', ')}`)
  const all = SUITES.flatMap((suite) =>
    globSync(suite.files, { cwd: ROOT })
      .sort()
      .map((path): TestFile => ({ path, suite })),
  )
  const isChosen = ({ path, suite }: TestFile, name: string) => {
    if (name === 'quick') return suite.name === 'unit' || (suite.name === 'contract' && !SLOW_CONTRACTS.includes(path))
    return name === suite.name || name === path
  }
  const unknown = wanted.filter((name) => name !== 'quick' && !all.some((file) => isChosen(file, name)))
  if (unknown.length > 0) {
    const names = ['quick', ...SUITES.map(({ name }) => name)].join(', ')
    usage(`There is no suite and no test file '${unknown.join("', '")}'. Suites are: ${names}.`)
  }
  return all.filter((file) => wanted.length === 0 || wanted.some((name) => isChosen(file, name)))
}

function usage(problem: string): never {
  console.error(problem)
  process.exit(2)
}

// An engine takes every core; what is quick mostly waits.
const usualWorkers = wanted.includes('quick')
  ? availableParallelism() + 1
  : Math.max(2, Math.floor(availableParallelism() / 2))
const nWorkers = Number(flags.jobs ?? usualWorkers)
if (!(nWorkers >= 1)) usage(`--jobs has the value '${flags.jobs}': give a number of at least 1.`)

const startedAt = performance.now()
const files = chosenFiles()
const reports = new Map<TestFile, Report>()
const waiting = files.values()

async function work(): Promise<void> {
  // All workers take from one iterator, so each file is taken once.
  for (const file of waiting) {
    const report = await runFile(file)
    reports.set(file, report)
    const mark = report.tally.failed > 0 ? '✖' : '✔'
    console.log(`${mark} ${file.path}: ${summary(report.tally)} (${report.seconds.toFixed(1)} s)`)
    report.print()
  }
}
await Promise.all(Array.from({ length: nWorkers }, work))

const slowest = [...reports].sort(([, one], [, other]) => other.seconds - one.seconds).slice(0, N_SLOWEST)
console.log('\n── slowest files ───────────────────────────────────────────────────────')
for (const [{ path }, { seconds }] of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${path}`)

console.log('\n── suites ──────────────────────────────────────────────────────────────')
const total = sumOf([...reports.values()].map(({ tally }) => tally))
for (const suite of SUITES) {
  const ran = [...reports].filter(([file]) => file.suite === suite).map(([, report]) => report)
  const tally = sumOf(ran.map((report) => report.tally))
  const isChosen = wanted.length === 0 || wanted.includes(suite.name)
  if (isChosen && tally.passed + tally.failed + tally.skipped === 0) {
    total.failed++
    console.log(`✖ suite '${suite.name}' ran no test (${suite.files})`)
  } else if (ran.length > 0) {
    const seconds = ran.reduce((sum, report) => sum + report.seconds, 0)
    console.log(`${suite.name}: ${summary(tally)} (${seconds.toFixed(0)} s in ${ran.length} files)`)
  }
}
const minutes = (performance.now() - startedAt) / MINUTE
console.log(`\n${nWorkers} files at a time, ${minutes.toFixed(1)} minutes`)
console.log(summary(total))
process.exitCode = total.failed === 0 ? 0 : 1
