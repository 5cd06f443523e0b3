/** Finding a text: greedy, sampling and beam search over the rows of one or more windows. */

import type { LogitFilter } from './logit-filters.ts'
import { argmax, logSumExp } from './logits.ts'
import { loopPeriod } from './repetition.ts'
import type { TextDecoder } from './text-decoder.ts'

export interface SearchOptions {
  /** Most tokens of one row. */
  readonly maxTokens: number
  readonly filters: readonly LogitFilter[]
  readonly eot: number
  /** Ends a row that repeats itself, instead of filling all positions with the loop. */
  readonly stopLoops: boolean
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

  add(token: number, logprob: number, { eot, stopLoops }: SearchOptions): void {
    this.logprobs.push(logprob)
    this.sumLogprob += logprob
    if (token === eot) this.ended = 'eot'
    else this.tokens.push(token)
    if (stopLoops && !this.ended && loopPeriod(this.tokens) > 0) this.ended = 'loop'
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

/**
 * One token at a time for each row: the likeliest, or at a temperature above 0 one drawn by its probability.
 *
 * @param first   [B × V] logits after the prompt; changed in place.
 * @param random  uniform in [0, 1).
 * @returns       B hypotheses, in the order of the rows.
 * @see openai/whisper:whisper/decoding.py `GreedyDecoder`
 */
export async function sampleRows(
  decoder: TextDecoder,
  first: Float32Array,
  temperature: number,
  random: () => number,
  options: SearchOptions,
): Promise<Hypothesis[]> {
  const rows = Array.from({ length: decoder.nRows }, () => new Row())
  let logits = first
  for (let length = 1; ; length++) {
    for (const [i, row] of rows.entries()) {
      if (row.ended) continue
      const rowLogits = filtered(logits, i, rows.length, row.tokens, options)
      const token = temperature === 0 ? argmax(rowLogits) : draw(rowLogits, temperature, random)
      row.add(token, rowLogits[token]! - logSumExp(rowLogits), options)
    }
    if (length >= options.maxTokens || rows.every((row) => row.ended)) break
    options.signal.throwIfAborted()
    // A row that has ended is fed eot: its place in the batch stays, what it would say is not looked at.
    logits = await decoder.step(
      rows.map((row) => [row.ended ? options.eot : row.tokens.at(-1)!]),
      [0],
    )
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
 * Beam search: the `beamSize` likeliest texts of each window are carried on together.
 *
 * @param first  [B × V] logits after the prompt, B = windows × beamSize; changed in place.
 * @returns      the best hypothesis of each window.
 * @see openai/whisper:whisper/decoding.py `BeamSearchDecoder`
 */
export async function beamSearch(
  decoder: TextDecoder,
  first: Float32Array,
  options: BeamOptions,
): Promise<Hypothesis[]> {
  const { beamSize } = options
  const nWindows = decoder.nRows / beamSize
  const windows = Array.from({ length: nWindows }, () => new Beams(options))
  let logits = first
  for (let length = 1; ; length++) {
    const parents: number[] = []
    for (const [w, window] of windows.entries()) {
      const from = window.advance((beam, tokens) =>
        filtered(logits, w * beamSize + beam, decoder.nRows, tokens, options),
      )
      for (const beam of from) parents.push(w * beamSize + beam)
    }
    if (length >= options.maxTokens || windows.every((window) => window.isDone)) break
    options.signal.throwIfAborted()
    if (parents.some((parent, row) => parent !== row)) decoder.reorder(parents)
    logits = await decoder.step(
      windows.flatMap((window) => window.rows.map((row) => [row.tokens.at(-1) ?? options.eot])),
      [0],
    )
  }
  return windows.map((window) => window.best())
}

/** The beams of one window. */
class Beams {
  rows: readonly Row[]
  readonly #options: BeamOptions
  readonly #finished: Hypothesis[] = []
  #isFirst = true

  constructor(options: BeamOptions) {
    this.#options = options
    this.rows = Array.from({ length: options.beamSize }, () => new Row())
  }

  get isDone(): boolean {
    return this.#finished.length >= Math.max(1, Math.round(this.#options.beamSize * this.#options.patience))
  }

  /**
   * Takes one step for every beam.
   *
   * @param logitsOf  filtered logits of a beam, [V].
   * @returns         for each new beam, the old one that it goes on from.
   */
  advance(logitsOf: (beam: number, tokens: readonly number[]) => Float32Array): number[] {
    const { beamSize, eot } = this.#options
    if (this.isDone) return this.rows.map((_, beam) => beam)
    const candidates: {
      readonly beam: number
      readonly token: number
      readonly logprob: number
      readonly sum: number
    }[] = []
    // At first all beams are equal, so one stands for all; otherwise the same text would fill every place.
    const nBeams = this.#isFirst ? 1 : beamSize
    this.#isFirst = false
    for (let beam = 0; beam < nBeams; beam++) {
      const row = this.rows[beam]!
      const logits = logitsOf(beam, row.tokens)
      const total = logSumExp(logits)
      // One more than there are places: one of them may be eot, which leaves the beam.
      for (const token of largest(logits, beamSize + 1)) {
        const logprob = logits[token]! - total
        if (logprob > Number.NEGATIVE_INFINITY) candidates.push({ beam, token, logprob, sum: row.sumLogprob + logprob })
      }
    }
    candidates.sort((a, b) => b.sum - a.sum)

    const next: Row[] = []
    const parents: number[] = []
    for (const { beam, token, logprob } of candidates) {
      const row = this.rows[beam]!.copy()
      row.add(token, logprob, this.#options)
      if (token === eot || row.ended === 'loop') this.#finish(row)
      else {
        next.push(row)
        parents.push(beam)
      }
      if (next.length === beamSize) break
    }
    // Fewer ways on than places: the last one is repeated, which costs a step and changes nothing.
    while (next.length > 0 && next.length < beamSize) {
      next.push(next.at(-1)!.copy())
      parents.push(parents.at(-1)!)
    }
    if (next.length === 0) return this.rows.map((_, beam) => beam)
    this.rows = next
    return parents
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

function filtered(
  logits: Float32Array,
  row: number,
  nRows: number,
  tokens: readonly number[],
  { filters }: SearchOptions,
): Float32Array {
  const vocabSize = logits.length / nRows
  const rowLogits = logits.subarray(row * vocabSize, (row + 1) * vocabSize)
  for (const filter of filters) filter(rowLogits, tokens)
  return rowLogits
}

function draw(logits: Float32Array, temperature: number, random: () => number): number {
  const scaled = logits.map((logit) => logit / temperature)
  const total = logSumExp(scaled)
  let left = random()
  for (let token = 0; token < scaled.length; token++) {
    left -= Math.exp(scaled[token]! - total)
    if (left < 0) return token
  }
  return argmax(logits) // rounding can leave a crumb
}

/** Indices of the `count` largest values, the largest first. */
function largest(values: Float32Array, count: number): number[] {
  const found: number[] = []
  for (let i = 0; i < values.length; i++) {
    if (found.length === count && values[i]! <= values[found[count - 1]!]!) continue
    let place = found.length
    while (place > 0 && values[found[place - 1]!]! < values[i]!) place--
    found.splice(place, 0, i)
    if (found.length > count) found.pop()
  }
  return found
}
