/**
 * Runs the test suites one after another and prints what failed, what was skipped and why.
 *
 * The last line is `N passed, N failed, N skipped`, over all suites. A suite that runs no test counts as a failure, and
 * so does, in continuous integration (`CI` set), a skip for want of test data: there the data must be present.
 *
 * usage: scripts/node scripts/run-tests.ts [unit] [contract] [sdk] [model] [reference] [page] [gpu]
 */

import { globSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

interface Suite {
  readonly name: string
  readonly files: string
  /** Test files at a time: a real model wants every core for itself. */
  readonly concurrency: number
  /** The longest that one test may take. */
  readonly timeoutMs: number
}

interface Tally {
  passed: number
  failed: number
  skipped: number
}

const MINUTE = 60_000
const ROOT = resolve(import.meta.dirname, '..')
const SUITES: readonly Suite[] = [
  { name: 'unit', files: '{src,bench}/**/*.test.ts', concurrency: 2, timeoutMs: 2 * MINUTE },
  { name: 'contract', files: 'test/contract/**/*.test.ts', concurrency: 2, timeoutMs: 3 * MINUTE },
  { name: 'sdk', files: 'test/sdk/**/*.test.ts', concurrency: 1, timeoutMs: 10 * MINUTE },
  { name: 'model', files: 'test/model/**/*.test.ts', concurrency: 1, timeoutMs: 10 * MINUTE },
  { name: 'reference', files: 'test/reference/**/*.test.ts', concurrency: 1, timeoutMs: 10 * MINUTE },
  { name: 'page', files: 'test/page/**/*.test.ts', concurrency: 1, timeoutMs: 10 * MINUTE },
  { name: 'gpu', files: 'test/gpu/**/*.test.ts', concurrency: 2, timeoutMs: 10 * MINUTE },
]

/** A skip with such a reason is for want of data that continuous integration has; others are the machine's. */
const WANT_OF_DATA = /shared|weights|checkpoint|speech|recording|reference|judges|browser|registry|software Vulkan/i
const inCi = Boolean(process.env.CI)

async function runSuite(suite: Suite): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
  const startedAt = performance.now()
  console.log(`\n── ${suite.name} ${'─'.repeat(Math.max(0, 70 - suite.name.length))}`)

  const files = globSync(suite.files, { cwd: ROOT }).sort()
  for await (const event of run({ files, cwd: ROOT, concurrency: suite.concurrency, timeout: suite.timeoutMs })) {
    switch (event.type) {
      case 'test:pass':
        // A `describe` counts only where it was skipped whole, for then nothing in it is reported.
        if (event.data.skip !== undefined) reportSkip(event.data, event.data.skip, tally)
        else if (event.data.details.type === 'suite') break
        else if (event.data.todo !== undefined) reportSkip(event.data, event.data.todo, tally)
        else if (isFile(event.data)) fail(event.data, 'This file holds no test.', tally)
        else tally.passed++
        break
      case 'test:fail': {
        const { error } = event.data.details
        if (event.data.todo !== undefined) reportSkip(event.data, event.data.todo, tally)
        else if (isFile(event.data)) fail(event.data, 'Its process ended too early; see its output above.', tally)
        // A parent fails because a test inside it did, which has been reported.
        else if (error.failureType !== 'subtestsFailed') fail(event.data, describe(error), tally)
        break
      }
      case 'test:diagnostic':
        // The counts of the run itself come without a file; what a test says ("largest difference …") has one.
        if (event.data.file !== undefined) console.log(`  ℹ ${event.data.message}`)
        break
      case 'test:stdout':
        process.stdout.write(event.data.message)
        break
      case 'test:stderr':
        process.stderr.write(event.data.message)
        break
    }
  }

  if (tally.passed + tally.failed + tally.skipped === 0) {
    tally.failed++
    console.log(`✖ suite '${suite.name}' ran no test (${suite.files})`)
  }
  console.log(`${suite.name}: ${summary(tally)} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
  return tally
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

function reportSkip(test: Place, skip: string | boolean, tally: Tally): void {
  const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
  if (inCi && WANT_OF_DATA.test(reason)) {
    fail(test, `Skipped, though continuous integration must run it: ${reason}`, tally)
  } else {
    tally.skipped++
    console.log(`↷ ${test.name} (${where(test)}) skipped: ${reason}`)
  }
}

function fail(test: Place, what: string, tally: Tally): void {
  tally.failed++
  console.log(`✖ ${test.name}\n    ${where(test)}\n${what.replace(/^/gm, '    ')}\n`)
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

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name))
if (unknown.length > 0) {
  console.error(`There is no suite '${unknown.join("', '")}'. Choose from: ${SUITES.map((s) => s.name).join(', ')}.`)
  process.exit(2)
}

const total: Tally = { passed: 0, failed: 0, skipped: 0 }
for (const suite of SUITES) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue
  const tally = await runSuite(suite)
  total.passed += tally.passed
  total.failed += tally.failed
  total.skipped += tally.skipped
}

console.log(`\n${summary(total)}`)
process.exitCode = total.failed === 0 ? 0 : 1
