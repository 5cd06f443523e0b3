/**
 * Do our words and segments lie where the peer's do? There is no truth to compare with, so two systems with the same
 * weights are compared, on the words that both heard alike.
 *
 * Command: `scripts/node bench/times.ts OURS PEER`, names of runs in bench/results that have words, such as
 * `words fw-words-float32-beam5`. Better is: smaller differences, over as many words.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { normalizeWords } from '../src/scoring/index.ts'
import { median } from './median.ts'
import type { Answer, WerRun } from './wer-results.ts'

interface Timed {
  readonly key: string
  readonly start: number
  readonly end: number
}

const [oursName, peerName] = process.argv.slice(2)
if (oursName === undefined || peerName === undefined) throw new Error('usage: times.ts OURS PEER')
const ours = answersOf(oursName)
const peer = answersOf(peerName)

report('words', (answer) =>
  (answer.segments ?? []).flatMap((segment) =>
    (segment.words ?? []).map(({ word, start, end }) => ({ key: normalizeWords(word, 'xx').join(' '), start, end })),
  ),
)
report('segments', (answer) =>
  (answer.segments ?? []).map(({ text, start, end }) => ({ key: normalizeWords(text, 'xx').join(' '), start, end })),
)

function report(what: string, timed: (answer: Answer) => readonly Timed[]): void {
  const starts: number[] = []
  const ends: number[] = []
  let total = 0
  for (const [id, answer] of ours) {
    const other = peer.get(id)
    if (!other) continue
    const [a, b] = [timed(answer), timed(other)]
    total += a.length
    for (const [i, j] of common(a, b)) {
      starts.push(Math.abs(a[i]!.start - b[j]!.start))
      ends.push(Math.abs(a[i]!.end - b[j]!.end))
    }
  }
  const share = (values: readonly number[], limit: number) =>
    `${((100 * values.filter((value) => value <= limit).length) / values.length).toFixed(1)} %`
  console.log(`${what}: ${starts.length} of ${total} were heard alike`)
  for (const [name, values] of Object.entries({ starts, ends })) {
    if (values.length === 0) continue
    const figures = [
      `median ${median(values).toFixed(3)} s`,
      ...[0.1, 0.2, 0.5].map((s) => `${share(values, s)} within ${s} s`),
    ]
    console.log(`  ${name}: ${figures.join(', ')}`)
  }
}

/** Longest common subsequence of the keys, as pairs of places. */
function common(a: readonly Timed[], b: readonly Timed[]): [number, number][] {
  const width = b.length + 1
  const length = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const isSame = a[i]!.key !== '' && a[i]!.key === b[j]!.key
      const skip = Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!)
      length[i * width + j] = isSame ? length[(i + 1) * width + j + 1]! + 1 : skip
    }
  }
  const pairs: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]!.key !== '' && a[i]!.key === b[j]!.key) pairs.push([i++, j++])
    else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) i++
    else j++
  }
  return pairs
}

function answersOf(name: string): Map<string, Answer> {
  const file = join(import.meta.dirname, 'results', `wer-${name}.json`)
  const run: WerRun = JSON.parse(readFileSync(file, 'utf8')) // written by wer.ts
  return new Map(run.answers.map((answer) => [answer.id, answer]))
}
