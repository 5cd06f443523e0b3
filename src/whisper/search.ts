/** Finding a text: greedy, sampling and beam search over the rows of one window. */

import type { LogitFilter } from './logit-filters.ts'
import { argmax, logSumExp } from './logits.ts'
import type { RandomStream } from './random.ts'
import { loopPeriod } from './repetition.ts'
import type { NextTokens, StepDecoder } from './step-decoder.ts'

export interface SearchOptions {
  /** Most tokens of one row. */
  readonly maxTokens: number
  readonly filters: readonly LogitFilter[]
  readonly eot: number
  /** A row ends that repeats a phrase over so many tokens, instead of filling all positions with the loop. */
  readonly longestRepeat: number
  readonly signal: AbortSignal
}

/** One text of one window. */
export interface Hypothesis {
  /** Without prompt and eot. */
  readonly tokens: readonly number[]
  /** Natural log-probability of each token, eot's last where it was reached. */
  readonly logprobs: readonly number[]
  readonly sumLogprob: number
  readonly ended: 'eot' | 'length' | 'loop'
}

/** Mean natural log-probability of the tokens, eot included. */
export function avgLogprob({ sumLogprob, tokens, ended }: Hypothesis): number {
  return sumLogprob / (tokens.length + (ended === 'eot' ? 1 : 0) || 1)
}

/**
 * Score by which hypotheses are compared: the average, or Google's length penalty where one is given.
 *
 * @see openai/whisper:whisper/decoding.py `MaximumLikelihoodRanker`
 */
export function rank(hypothesis: Hypothesis, lengthPenalty: number | undefined): number {
  const length = hypothesis.tokens.length || 1
  return hypothesis.sumLogprob / (lengthPenalty === undefined ? length : ((5 + length) / 6) ** lengthPenalty)
}

/** A text in the making. */
class Row {
  readonly tokens: number[] = []
  readonly logprobs: number[] = []
  sumLogprob = 0
  ended: Hypothesis['ended'] | undefined

  add(token: number, logprob: number, { eot, longestRepeat }: SearchOptions): void {
    this.logprobs.push(logprob)
    this.sumLogprob += logprob
    if (token === eot) this.ended = 'eot'
    else this.tokens.push(token)
    if (!this.ended && loopPeriod(this.tokens, longestRepeat) > 0) this.ended = 'loop'
  }

  copy(): Row {
    const copy = new Row()
    copy.tokens.push(...this.tokens)
    copy.logprobs.push(...this.logprobs)
    copy.sumLogprob = this.sumLogprob
    copy.ended = this.ended
    return copy
  }

  hypothesis(): Hypothesis {
    const { tokens, logprobs, sumLogprob } = this
    return { tokens, logprobs, sumLogprob, ended: this.ended ?? 'length' }
  }
}

/** A token that may come next, and its natural log-probability. */
interface Candidate {
  readonly token: number
  readonly logprob: number
}

/**
 * One token at a time for each row: the likeliest, or at a temperature above 0 one drawn by its probability.
 *
 * @param first     [V] logits after the prompt, which is the same for all rows; changed in place.
 * @param randomOf  the stream that each row is drawn from.
 * @returns         R hypotheses, in the order of the rows.
 * @see openai/whisper:whisper/decoding.py `GreedyDecoder`
 */
export async function sampleRows(
  decoder: StepDecoder,
  first: Float32Array,
  temperature: number,
  randomOf: (row: number) => RandomStream,
  options: SearchOptions,
): Promise<Hypothesis[]> {
  const streams = Array.from({ length: decoder.nRows }, (_, i) => randomOf(i))
  const choose = (logits: Float32Array, i: number): Candidate => {
    const token = temperature === 0 ? argmax(logits) : draw(logits, temperature, streams[i]!)
    return { token, logprob: logits[token]! - logSumExp(logits) }
  }
  const rows = Array.from({ length: decoder.nRows }, () => new Row())
  const filteredFirst = filtered(first, [], options)
  for (const [i, row] of rows.entries()) {
    const { token, logprob } = choose(filteredFirst, i)
    row.add(token, logprob, options)
  }
  for (let length = 1; length < options.maxTokens && rows.some((row) => !row.ended); length++) {
    options.signal.throwIfAborted()
    // A row that has ended is fed eot: its place stays, what it would say is not looked at.
    const next = await decoder.step(rows.map((row) => (row.ended ? options.eot : row.tokens.at(-1)!)))
    for (const [i, row] of rows.entries()) {
      if (row.ended) continue
      const { token, logprob } = next.logits
        ? choose(filtered(rowOf(next.logits, i, rows.length), row.tokens, options), i)
        : bestOf(next, i, rows.length)[0]!
      row.add(token, logprob, options)
    }
  }
  return rows.map((row) => row.hypothesis())
}

export interface BeamOptions extends SearchOptions {
  readonly beamSize: number
  /** A window is done when `beamSize · patience` hypotheses have ended. */
  readonly patience: number
  readonly lengthPenalty: number | undefined
}

/**
 * Beam search: the `beamSize` likeliest texts are carried on together.
 *
 * @param first  [V] logits after the prompt, which is the same for all rows; changed in place.
 * @see openai/whisper:whisper/decoding.py `BeamSearchDecoder`
 */
export async function beamSearch(decoder: StepDecoder, first: Float32Array, options: BeamOptions): Promise<Hypothesis> {
  // One more than there are places: one of them may be eot, which leaves the beam.
  const nCandidates = options.beamSize + 1
  const beams = new Beams(options)
  // At first all rows are equal, so one stands for all; otherwise the same text would fill every place.
  let parents = beams.advance([largest(filtered(first, [], options), nCandidates)])
  for (let length = 1; length < options.maxTokens && !beams.isDone; length++) {
    options.signal.throwIfAborted()
    const next = await decoder.step(
      beams.rows.map((row) => row.tokens.at(-1) ?? options.eot),
      parents,
    )
    const candidates = beams.rows.map((row, i) =>
      next.logits
        ? largest(filtered(rowOf(next.logits, i, beams.rows.length), row.tokens, options), nCandidates)
        : bestOf(next, i, beams.rows.length),
    )
    parents = beams.advance(candidates)
  }
  return beams.best()
}

/** The beams of one window. */
class Beams {
  rows: readonly Row[]
  readonly #options: BeamOptions
  readonly #finished: Hypothesis[] = []

  constructor(options: BeamOptions) {
    this.#options = options
    this.rows = Array.from({ length: options.beamSize }, () => new Row())
  }

  get isDone(): boolean {
    return this.#finished.length >= Math.max(1, Math.round(this.#options.beamSize * this.#options.patience))
  }

  /**
   * Takes one step.
   *
   * @param candidates  for each row, or the first alone, its likeliest tokens.
   * @returns           for each new row, the old one that it goes on from.
   */
  advance(candidates: readonly (readonly Candidate[])[]): readonly number[] {
    const { beamSize, eot } = this.#options
    const ways = candidates.flatMap((ofRow, beam) =>
      ofRow.map((candidate) => ({ ...candidate, beam, sum: this.rows[beam]!.sumLogprob + candidate.logprob })),
    )
    ways.sort((a, b) => b.sum - a.sum)

    const next: { readonly row: Row; readonly parent: number }[] = []
    for (const { beam, token, logprob } of ways) {
      const row = this.rows[beam]!.copy()
      row.add(token, logprob, this.#options)
      if (token === eot || row.ended === 'loop') this.#finish(row)
      else next.push({ row, parent: beam })
      if (next.length === beamSize) break
    }
    // Fewer ways on than places: the last one is repeated, which costs a step and changes nothing.
    while (next.length > 0 && next.length < beamSize) next.push({ ...next.at(-1)!, row: next.at(-1)!.row.copy() })
    if (next.length === 0) return this.rows.map((_, beam) => beam)
    const placed = inPlaceOfParents(next)
    this.rows = placed.map(({ row }) => row)
    return placed.map(({ parent }) => parent)
  }

  /** The best of what has ended, or of what goes on where nothing has. */
  best(): Hypothesis {
    const ended = this.#finished.filter((hypothesis) => hypothesis.ended === 'eot')
    const running = this.rows.map((row) => row.hypothesis())
    const choice = ended.length > 0 ? ended : [...running, ...this.#finished]
    const { lengthPenalty } = this.#options
    return choice.reduce((best, other) => (rank(other, lengthPenalty) > rank(best, lengthPenalty) ? other : best))
  }

  #finish(row: Row): void {
    if (!this.isDone) this.#finished.push(row.hypothesis())
  }
}

/**
 * The first text that goes on from a row takes that row's place, so that nothing need be copied for it; only what
 * branches off takes a place that has become free.
 */
function inPlaceOfParents<T extends { readonly parent: number }>(texts: readonly T[]): T[] {
  const places = new Array<T | undefined>(texts.length)
  const branches: T[] = []
  for (const text of texts) {
    if (places[text.parent] === undefined) places[text.parent] = text
    else branches.push(text)
  }
  return Array.from(places, (text) => text ?? branches.shift()!) // as many places as texts
}

/** The filters' work on one row of logits, in place. */
function filtered(logits: Float32Array, tokens: readonly number[], { filters }: SearchOptions): Float32Array {
  for (const filter of filters) filter(logits, tokens)
  return logits
}

function rowOf(logits: Float32Array, row: number, nRows: number): Float32Array {
  const vocabSize = logits.length / nRows
  return logits.subarray(row * vocabSize, (row + 1) * vocabSize)
}

/** A row's likeliest tokens as the decoder found them. */
function bestOf({ tokens, logprobs }: NextTokens, row: number, nRows: number): Candidate[] {
  const nBest = tokens.length / nRows
  return Array.from({ length: nBest }, (_, i) => ({
    token: Number(tokens[row * nBest + i]),
    logprob: logprobs[row * nBest + i]!,
  })).filter(({ logprob }) => logprob > Number.NEGATIVE_INFINITY)
}

function draw(logits: Float32Array, temperature: number, random: RandomStream): number {
  const scaled = logits.map((logit) => logit / temperature)
  const total = logSumExp(scaled)
  let left = random()
  for (let token = 0; token < scaled.length; token++) {
    left -= Math.exp(scaled[token]! - total)
    if (left < 0) return token
  }
  return argmax(logits) // rounding can leave a crumb
}

/** The `count` likeliest tokens of a row of logits, the likeliest first. */
function largest(logits: Float32Array, count: number): Candidate[] {
  const found: number[] = []
  for (let i = 0; i < logits.length; i++) {
    if (found.length === count && logits[i]! <= logits[found[count - 1]!]!) continue
    let place = found.length
    while (place > 0 && logits[found[place - 1]!]! < logits[i]!) place--
    found.splice(place, 0, i)
    if (found.length > count) found.pop()
  }
  const total = logSumExp(logits)
  return found
    .map((token) => ({ token, logprob: logits[token]! - total }))
    .filter(({ logprob }) => logprob > Number.NEGATIVE_INFINITY)
}
