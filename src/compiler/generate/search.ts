/**
 * Beam search as graph nodes, of which one beam is greedy search: the texts of B windows, K of each, which are carried on
 * together. All have the same number of tokens; what has ended is kept beside them.
 *
 * @see openai/whisper:whisper/decoding.py `BeamSearchDecoder`, `GreedyDecoder`
 */

import type { GraphBuilder, Value } from '../builder.ts'
import { columns, rowsOf, within } from './nodes.ts'

/** Inputs of a search. */
export interface SearchInputs {
  /** [1] K */
  readonly beams: Value
  /** Scalar: a window is done when so many of its texts have ended. */
  readonly enough: Value
  /** Scalars: the exponent of Google's length penalty, and whether that is used instead of the average. */
  readonly lengthPenalty: Value
  readonly hasLengthPenalty: Value
  /** Scalar */
  readonly eot: Value
  /** [B × 1] a text ends that repeats a phrase over so many tokens. */
  readonly longestRepeat: Value
}

export function searchInputs(g: GraphBuilder, eot: Value): SearchInputs {
  return {
    eot,
    beams: g.input('beams', 'int64', [1]),
    enough: g.input('enough', 'int64', []),
    lengthPenalty: g.input('length_penalty', 'float32', []),
    hasLengthPenalty: g.input('has_length_penalty', 'bool', []),
    longestRepeat: g.input('longest_repeat', 'int64', ['B', 1]),
  }
}

/** A text: `LOOKBACK` times -1, which is no token, then what was said; and natural logarithms, one for each token. */
interface Text {
  /** [N × 12+t] */
  readonly said: Value
  /** [N × t] */
  readonly logprobs: Value
}

/** The best of a window's texts that have ended in one way, eot and 0 behind its end. */
interface Ended extends Text {
  /** [B × 1] its score, -∞ where none has ended so. */
  readonly rank: Value
}

export interface Beams {
  /** [B·K …], a window's texts one after the other; those of a window that is done stay as they were, with eot behind. */
  readonly running: Text
  /** [B·K × 1] sums of their log-probabilities. */
  readonly sums: Value
  /** [B·K × 11], for each of `PERIODS`: the number of tokens up to the last that equal the one so many places before. */
  readonly repeats: Value
  /** [B × 1] texts that have ended. */
  readonly nEnded: Value
  /** Hypotheses that ended by eot, and for repeating themselves. */
  readonly ended: Ended
  readonly looped: Ended
}

/** The values of beams in a fixed order, as a loop carries them, and their types. */
export const BEAM_TYPES = [
  ['said', 'int64'],
  ['said_logprobs', 'float32'],
  ['sums', 'float32'],
  ['repeats', 'int64'],
  ['n_ended', 'int64'],
  ['ended', 'int64'],
  ['ended_logprobs', 'float32'],
  ['ended_rank', 'float32'],
  ['looped', 'int64'],
  ['looped_logprobs', 'float32'],
  ['looped_rank', 'float32'],
] as const

export function beamValues({ running, sums, repeats, nEnded, ended, looped }: Beams): Value[] {
  const ofEnded = ({ said, logprobs, rank }: Ended) => [said, logprobs, rank]
  return [running.said, running.logprobs, sums, repeats, nEnded, ...ofEnded(ended), ...ofEnded(looped)]
}

export function beamsOf(values: readonly Value[]): Beams {
  const [said, logprobs, sums, repeats, nEnded, ...rest] = values as [Value, Value, Value, Value, Value, ...Value[]]
  const endedOf = ([said, logprobs, rank]: readonly Value[]) => ({ said: said!, logprobs: logprobs!, rank: rank! })
  const [ended, looped] = [endedOf(rest.slice(0, 3)), endedOf(rest.slice(3, 6))]
  return { running: { said, logprobs }, sums, repeats, nEnded, ended, looped }
}

/** Lengths in tokens of phrases that may repeat, the longest first. */
const PERIODS = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2] as const
/** Rounds of a phrase after its first that make a loop. */
const ROUNDS = 3
/** Places before the first token, so that every token has one so far before it. */
const LOOKBACK = 12

/** Beams that have said nothing. All are equal, so one stands for all; else the same text would fill every place. */
export function newBeams(g: GraphBuilder, { beams }: SearchInputs, windows: Value): Beams {
  const rows = g.op('Mul', [windows, beams])
  const fill = (value: Value, nRows: Value, nColumns: number) =>
    g.op('Expand', [value, g.op('Concat', [nRows, g.ints([nColumns])], { axis: 0 })])
  const never = g.scalar(Number.NEGATIVE_INFINITY)
  const first = g.op('Where', [g.op('Equal', [range(g, beams), g.ints(0)]), g.scalar(0), never]) // [K]
  const sums = g.op('Expand', [first, g.op('Concat', [windows, beams], { axis: 0 })])
  const none = (nRows: Value): Text => ({
    said: fill(g.ints(-1), nRows, LOOKBACK),
    logprobs: fill(g.scalar(0), nRows, 0),
  })
  const noneYet = (): Ended => ({ ...none(windows), rank: fill(never, windows, 1) })
  return {
    running: none(rows),
    sums: g.op('Reshape', [sums, g.ints([-1, 1])]),
    repeats: fill(g.ints(0), rows, PERIODS.length),
    nEnded: fill(g.ints(0), windows, 1),
    ended: noneYet(),
    looped: noneYet(),
  }
}

/** Bool scalar: some window is not done. */
export function goesOn(g: GraphBuilder, { enough }: SearchInputs, { nEnded }: Beams): Value {
  return g.op('Less', [g.op('ReduceMin', [nEnded], { keepdims: 0 }), enough])
}

/** [B·K × 1] the last token of each running text. */
export function lastTokens(g: GraphBuilder, { running }: Beams): Value {
  return columns(g, running.said, -1, undefined)
}

/**
 * The beams one token later.
 *
 * @param logits  [B·K × V] behind each running text, with all that may not be said at -∞.
 * @returns       the beams, and for each of their texts the place of the one that it goes on from, [B·K].
 */
export function advance(
  g: GraphBuilder,
  inputs: SearchInputs,
  beams: Beams,
  logits: Value,
): { readonly beams: Beams; readonly parents: Value } {
  const ways = waysOn(g, inputs, beams, logits)
  const { running, sums, nEnded } = beams
  const isDone = g.op('GreaterOrEqual', [nEnded, inputs.enough]) // [B × 1]

  // In their order, the best first, ways are taken until K go on.
  const goOn = g.op('Sub', [g.ints(1), ways.isEnd])
  const isReached = g.op('Less', [countBefore(g, goOn), inputs.beams])
  const ends = g.op('Mul', [g.op('Mul', [g.cast(isReached, 'int64'), ways.isEnd]), ways.isPossible])
  const isEarly = g.op('Less', [g.op('Add', [countBefore(g, ends), nEnded]), inputs.enough])
  const counted = g.op('Mul', [ends, g.cast(isEarly, 'int64')])
  const taken = g.op('Mul', [g.cast(isReached, 'int64'), goOn])
  const places = firstTaken(g, inputs, taken) // [B × K]

  const firstOfWindow = g.op('Mul', [g.op('Unsqueeze', [range(g, rowsOf(g, nEnded)), g.ints([1])]), inputs.beams])
  const parentOf = (place: Value) => g.op('Div', [pick(g, ways.order, place), g.op('Add', [inputs.beams, g.ints(1)])])
  const parent = g.op('Where', [isDone, range(g, inputs.beams), parentOf(places)])
  const parents = g.op('Reshape', [g.op('Add', [parent, firstOfWindow]), g.ints([-1])])
  const column = (whenDone: Value, otherwise: Value) =>
    g.op('Reshape', [g.op('Where', [isDone, whenDone, otherwise]), g.ints([-1, 1])])
  const isTaken = g.cast(pick(g, taken, places), 'bool')
  const nextSums = g.op('Where', [isTaken, pick(g, ways.sums, places), g.scalar(Number.NEGATIVE_INFINITY)])
  const before = g.op('Reshape', [sums, g.op('Concat', [g.ints([-1]), inputs.beams], { axis: 0 })])
  const token = column(inputs.eot, pick(g, ways.tokens, places))
  const said = g.op('Concat', [g.op('Gather', [running.said, parents]), token], { axis: 1 })
  const logprob = column(g.scalar(0), pick(g, ways.logprobs, places))

  const keep = (ended: Ended, isOfKind: Value, rank: Value) =>
    keepBest(g, inputs, ended, {
      ranks: g.op('Where', [
        g.cast(g.op('Mul', [counted, isOfKind]), 'bool'),
        rank,
        g.scalar(Number.NEGATIVE_INFINITY),
      ]),
      textAt: (place) => {
        const row = g.op('Reshape', [g.op('Add', [parentOf(place), firstOfWindow]), g.ints([-1])])
        const append = (value: Value, last: Value) => g.op('Concat', [g.op('Gather', [value, row]), last], { axis: 1 })
        return {
          said: append(running.said, pick(g, ways.tokens, place)),
          logprobs: append(running.logprobs, pick(g, ways.logprobs, place)),
        }
      },
    })
  const nSaid = g.op('Gather', [g.op('Shape', [running.logprobs]), g.ints(1)])
  const next: Beams = {
    running: { said, logprobs: g.op('Concat', [g.op('Gather', [running.logprobs, parents]), logprob], { axis: 1 }) },
    sums: column(before, nextSums),
    repeats: repeatsAfter(g, g.op('Gather', [beams.repeats, parents]), columns(g, said, -1 - PERIODS[0], -2), token),
    nEnded: g.op('Add', [nEnded, g.op('ReduceSum', [counted, g.ints([1])])]),
    ended: keep(beams.ended, ways.isEot, rankOf(g, inputs, ways.sums, nSaid)),
    looped: keep(
      beams.looped,
      g.op('Sub', [g.ints(1), ways.isEot]),
      rankOf(g, inputs, ways.sums, g.op('Add', [nSaid, g.ints(1)])),
    ),
  }
  return { beams: next, parents }
}

/** Ending of a text: by eot, for repeating itself, or none. */
export const ENDINGS = { eot: 0, loop: 1, length: 2 } as const

/**
 * The best text of each window.
 *
 * @returns `tokens`, `logprobs` [B × t], eot and 0 behind a text's end; `ending` [B × 1] of `ENDINGS`.
 */
export function bestTexts(g: GraphBuilder, inputs: SearchInputs, { running, sums, ended, looped }: Beams) {
  const byWindow = g.op('Concat', [g.ints([-1]), inputs.beams], { axis: 0 })
  // Behind the texts of windows that were done earlier there is eot.
  const isSaid = g.op('Not', [g.op('Equal', [columns(g, running.said, LOOKBACK, undefined), inputs.eot])])
  const nSaid = g.op('ReduceSum', [g.cast(isSaid, 'int64'), g.ints([1])]) // [B·K × 1]
  const ranks = g.op('Reshape', [rankOf(g, inputs, sums, nSaid), byWindow]) // [B × K]
  const best = g.op('ArgMax', [ranks], { axis: 1, keepdims: 1 })
  const windows = g.op('Unsqueeze', [range(g, rowsOf(g, ended.rank)), g.ints([1])])
  const row = g.op('Reshape', [g.op('Add', [best, g.op('Mul', [windows, inputs.beams])]), g.ints([-1])])

  const isPossible = ({ rank }: Ended) => g.op('Greater', [rank, g.scalar(-1e30)])
  const isEnded = isPossible(ended)
  // Greedy search has no other text than the one that has ended.
  const isGreedy = g.op('Equal', [inputs.beams, g.ints(1)])
  const isBetter = g.op('Or', [isGreedy, g.op('Greater', [looped.rank, g.op('ReduceMax', [ranks], { axes: [1] })])])
  const isLooped = g.op('And', [isPossible(looped), isBetter])
  const choose = (ofEnded: Value, ofLooped: Value, ofRunning: Value) =>
    g.op('Where', [isEnded, ofEnded, g.op('Where', [isLooped, ofLooped, ofRunning])])
  const said = choose(ended.said, looped.said, g.op('Gather', [running.said, row]))
  return {
    tokens: columns(g, said, LOOKBACK, undefined),
    logprobs: choose(ended.logprobs, looped.logprobs, g.op('Gather', [running.logprobs, row])),
    ending: choose(g.ints(ENDINGS.eot), g.ints(ENDINGS.loop), g.ints(ENDINGS.length)),
  }
}

// ── ways on ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** For each window its M = K·(K+1) ways on, the best first; each [B × M]. */
interface Ways {
  /** Sums of log-probabilities with the new token. */
  readonly sums: Value
  /** Text · (K+1) + candidate. */
  readonly order: Value
  readonly tokens: Value
  readonly logprobs: Value
  /** 0 or 1 */
  readonly isEot: Value
  readonly isEnd: Value
  readonly isPossible: Value
}

/** One candidate more than there are places: one of them may end a text. */
function waysOn(g: GraphBuilder, { beams, eot, longestRepeat }: SearchInputs, now: Beams, logits: Value): Ways {
  const nCandidates = g.op('Add', [beams, g.ints(1)])
  const logprobs = g.op('LogSoftmax', [logits], { axis: 1 })
  const [candidateLogprobs, candidates] = g.ops('TopK', [logprobs, nCandidates], 2, { axis: 1, largest: 1, sorted: 1 })

  const isEot = g.op('Equal', [candidates!, eot])
  const wide = (value: Value) => g.op('Unsqueeze', [value, g.ints([1])]) // [B·K × 1 × 11]
  const earlier = columns(g, now.running.said, -PERIODS[0], -1)
  const repeats = repeatsAfter(g, wide(now.repeats), wide(earlier), g.op('Unsqueeze', [candidates!, g.ints([2])]))
  const longest = g.op('Expand', [longestRepeat, g.op('Concat', [g.ints([1]), beams], { axis: 0 })]) // [B × K]
  const ofRow = g.op('Reshape', [longest, g.ints([-1, 1, 1])]) // [B·K × 1 × 1]
  const loops = g.op('And', [isLoop(g, repeats, ofRow), g.op('Not', [isEot])])

  const nWays = g.op('Mul', [beams, nCandidates])
  const byWindow = g.op('Concat', [g.ints([-1]), nWays], { axis: 0 })
  const ofWindow = (value: Value) => g.op('Reshape', [value, byWindow])
  const allSums = ofWindow(g.op('Add', [now.sums, candidateLogprobs!]))
  const [sums, order] = g.ops('TopK', [allSums, nWays], 2, { axis: 1, largest: 1, sorted: 1 })
  const inOrder = (value: Value) => pick(g, ofWindow(value), order!)
  return {
    sums: sums!,
    order: order!,
    tokens: inOrder(candidates!),
    logprobs: inOrder(candidateLogprobs!),
    isEot: inOrder(g.cast(isEot, 'int64')),
    isEnd: inOrder(g.cast(g.op('Or', [isEot, loops]), 'int64')),
    isPossible: g.cast(g.op('Greater', [sums!, g.scalar(-1e30)]), 'int64'),
  }
}

/** [B × K] places of the first K ways that are taken; where there are fewer, of any others. */
function firstTaken(g: GraphBuilder, { beams }: SearchInputs, taken: Value): Value {
  const nWays = g.op('Mul', [beams, g.op('Add', [beams, g.ints(1)])])
  const urgency = g.op('Sub', [nWays, range(g, nWays)]) // M, M-1, … 1
  return g.ops('TopK', [g.op('Mul', [urgency, taken]), beams], 2, { axis: 1, largest: 1, sorted: 1 })[1]!
}

function repeatsAfter(g: GraphBuilder, before: Value, earlier: Value, token: Value): Value {
  const isSame = g.cast(g.op('Equal', [earlier, token]), 'int64')
  return g.op('Mul', [g.op('Add', [before, g.ints(1)]), isSame])
}

/**
 * Bool: a phrase was repeated often enough, and over `longest` tokens with its first round; along the last of three axes one
 * is enough.
 */
function isLoop(g: GraphBuilder, repeats: Value, longest: Value): Value {
  const isOften = g.op('GreaterOrEqual', [repeats, g.ints(PERIODS.map((period) => ROUNDS * period))])
  const isLong = g.op('GreaterOrEqual', [g.op('Add', [repeats, g.ints(PERIODS)]), longest])
  const isRound = g.op('And', [isOften, isLong])
  return g.cast(g.op('ReduceMax', [g.cast(isRound, 'int32')], { axes: [2], keepdims: 0 }), 'bool')
}

// ── what has ended ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The average of a sum over a text's tokens, or Google's length penalty. */
function rankOf(g: GraphBuilder, inputs: SearchInputs, sums: Value, nTokens: Value): Value {
  const length = g.op('Max', [g.cast(nTokens, 'float32'), g.scalar(1)])
  const base = g.op('Div', [g.op('Add', [length, g.scalar(5)]), g.scalar(6)])
  const penalty = g.op('Pow', [base, inputs.lengthPenalty])
  return g.op('Div', [sums, g.op('Where', [inputs.hasLengthPenalty, penalty, length])])
}

/** The better of the text that was the best so far and the best of those that end now, one token longer. */
function keepBest(
  g: GraphBuilder,
  { eot }: SearchInputs,
  { said, logprobs, rank }: Ended,
  now: { readonly ranks: Value; readonly textAt: (place: Value) => Text },
): Ended {
  const place = g.op('ArgMax', [now.ranks], { axis: 1, keepdims: 1 })
  const best = g.op('ReduceMax', [now.ranks], { axes: [1] })
  const isBetter = g.op('Greater', [best, rank])
  const text = now.textAt(place)
  const longer = (value: Value, filler: Value) => {
    const column = g.op('Expand', [filler, g.op('Concat', [rowsOf(g, rank), g.ints([1])], { axis: 0 })])
    return g.op('Concat', [value, column], { axis: 1 })
  }
  return {
    said: g.op('Where', [isBetter, text.said, longer(said, eot)]),
    logprobs: g.op('Where', [isBetter, text.logprobs, longer(logprobs, g.scalar(0))]),
    rank: g.op('Where', [isBetter, best, rank]),
  }
}

// ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** [B × N]: of each row of `values` those at `places`. */
function pick(g: GraphBuilder, values: Value, places: Value): Value {
  return g.op('GatherElements', [values, places], { axis: 1 })
}

/** [B × N] how many ones stand before each place of a row. */
function countBefore(g: GraphBuilder, flags: Value): Value {
  return g.op('CumSum', [flags, g.ints(1)], { exclusive: 1 })
}

/** [N] 0, 1, … below a number given as [1]. */
function range(g: GraphBuilder, end: Value): Value {
  return within(g, g.op('Squeeze', [end]))
}
